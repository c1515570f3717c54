import { isCopied, statusOf } from '../../manager/catalogue/backup.ts';
import { formatCtime, parseMoment } from '../../manager/catalogue/moment.ts';
import type { ServerConfig } from '../../manager/config/configuration.ts';
import type { BackupReport } from '../../manager/report/backup-report.ts';
import type { LiveStatus, LiveValue } from '../../manager/report/live-status.ts';
import { formatRetentionPolicy } from '../../manager/retention/policy.ts';
import { prettySize, roundHalfEven } from './pretty.ts';

/** A line of `status`; programs look for the key. */
export interface StatusRow {
  readonly key: string;
  readonly description: string;
  readonly message: string;
}

type Row = readonly [key: string, description: string, message: string | null];

/** Everything `status` tells of a server, in Barman's order. */
export function statusRows(
  server: ServerConfig,
  live: LiveStatus['values'],
  report: BackupReport,
): StatusRow[] {
  const { options, disabledBecause } = server;
  const isPassive = options.primary_ssh_command !== null;
  const rows: Row[] = [
    ['description', 'Description', options.description],
    ['active', 'Active', inPython(options.active)],
    ['disabled', 'Disabled', inPython(disabledBecause.length > 0)],
    ['active_model', 'Active configuration model', server.activeModel ?? 'None'],
    ...(isPassive ? [] : databaseRows(live)),
    ['passive_node', 'Passive node', inPython(isPassive)],
    ...backupRows(server, report),
    ['primary_ssh_command', 'SSH command to primary server', options.primary_ssh_command],
  ];
  return rows.flatMap(([key, description, message]) =>
    message === null ? [] : [{ key, description, message }],
  );
}

const inPython = (value: boolean): string => (value ? 'True' : 'False');
const textOf = (value: LiveValue | undefined): string | null => (value === null ? null : String(value));

function databaseRows(live: LiveStatus['values']): Row[] {
  const value = (key: string): string | null => textOf(live[key] ?? null);
  const version = value('server_txt_version');
  const label = 'PostgreSQL version';
  if (version === null) return [['pg_version', label, 'FAILED trying to get PostgreSQL version']];
  const command = value('archive_command');
  const unset = 'FAILED (please set it accordingly to documentation)';
  const archived = value('last_archived_wal');
  const failure = value('last_failed_wal');
  const perHour = Number(live['current_archived_wals_per_second'] ?? 0) * 3600;
  const at = (key: string): string => ctimeOf(value(key));
  return [
    ['pg_version', label, version],
    [
      'is_in_recovery',
      'Cluster state',
      live['is_in_recovery'] === true ? 'in archive recovery' : 'in production',
    ],
    ['current_size', 'Current data size', prettySize(Number(live['current_size'] ?? 0))],
    ['data_directory', 'PostgreSQL Data directory', value('data_directory')],
    ['current_xlog', 'Current WAL segment', value('current_xlog')],
    ['archive_command', "PostgreSQL 'archive_command' setting", command === '' ? unset : command],
    [
      'last_archived_wal',
      'Last archived WAL',
      archived === null ? 'No WAL segment shipped yet' : `${archived}, at ${at('last_archived_time')}`,
    ],
    [
      'failed_count',
      'Failures of WAL archiver',
      `${value('failed_count')}${failure === null ? '' : ` (${failure} at ${at('last_failed_time')})`}`,
    ],
    [
      'server_archived_wals_per_hour',
      'Server WAL archiving rate',
      archived === null ? null : `${roundHalfEven(perHour, 2)}/hour`,
    ],
  ];
}

function backupRows({ options }: ServerConfig, { backups }: BackupReport): Row[] {
  const { retention_policy: policy, retention_policy_mode: mode, minimum_redundancy: least } = options;
  const enforced =
    policy === null
      ? 'not enforced'
      : `enforced (mode: ${mode}, retention: ${formatRetentionPolicy(policy)}, WAL retention: MAIN)`;
  const copied = backups.filter(({ backup }) => isCopied(backup));
  const done = copied.filter(({ backup }) => statusOf(backup) === 'DONE').length;
  const whole = copied.filter(
    ({ backup, type }) => statusOf(backup) === 'DONE' && type !== 'incremental',
  ).length;
  return [
    ['retention_policies', 'Retention policies', enforced],
    ['backups_number', 'No. of available backups', String(done)],
    ['first_backup', 'First available backup', copied.at(0)?.backup.id ?? 'None'],
    ['last_backup', 'Last available backup', copied.at(-1)?.backup.id ?? 'None'],
    [
      'minimum_redundancy',
      'Minimum redundancy requirements',
      `${whole >= least ? 'satisfied' : 'FAILED'} (${whole}/${least})`,
    ],
  ];
}

function ctimeOf(text: string | null): string {
  const moment = text === null ? undefined : parseMoment(text);
  return moment === undefined ? 'an unknown time' : formatCtime(moment);
}
