import { resolveConninfo } from '../../postgres/conninfo/resolve.ts';
import { formatLsn } from '../../postgres/lsn.ts';
import { segmentAt, segmentName } from '../../postgres/segment.ts';
import { archiverStatus } from '../../postgres/server/archiver.ts';
import { identifyServer } from '../../postgres/server/identity.ts';
import { missingPrivileges } from '../../postgres/server/privileges.ts';
import { listReplicationSlots } from '../../postgres/server/replication.ts';
import { openSession, type Session } from '../../postgres/server/session.ts';
import { readSettings } from '../../postgres/server/settings.ts';
import { walPosition } from '../../postgres/server/wal-position.ts';
import { toText } from '../../system/byte-string.ts';
import { type CellarmanError, failure, isFailure } from '../../system/errors.ts';
import { formatMoment } from '../catalogue/moment.ts';
import type { ServerConfig } from '../config/configuration.ts';

export type LiveValue = string | number | boolean | null | readonly string[];

export interface LiveStatus {
  /** By Barman's names. */
  readonly values: Readonly<Record<string, LiveValue>>;
  /** Why PostgreSQL could not be asked. */
  readonly problem: CellarmanError | undefined;
}

/** What Barman shows, empty, of a server that does not answer. */
const UNKNOWN: LiveStatus['values'] = Object.fromEntries(
  [
    'archive_command',
    'archive_mode',
    'current_xlog',
    'data_directory',
    'is_in_recovery',
    'is_superuser',
    'postgres_systemid',
    'replication_slot',
    'replication_slot_support',
    'server_txt_version',
    'synchronous_standby_names',
    'version_supported',
  ].map((key) => [key, null]),
);

/** Shown as PostgreSQL says them. */
const TEXTS = [
  'archive_command',
  'archive_mode',
  'config_file',
  'data_checksums',
  'hba_file',
  'hot_standby',
  'ident_file',
  'max_replication_slots',
  'max_wal_senders',
  'wal_compression',
  'wal_keep_size',
  'wal_level',
];
const NUMBERS = ['archive_timeout', 'checkpoint_timeout'];

/** Asks PostgreSQL what `status`, `show-servers` and `diagnose` show of it, for as long as a check may take. */
export async function readLiveStatus({ options }: ServerConfig, signal?: AbortSignal): Promise<LiveStatus> {
  if (options.conninfo === null) return { values: UNKNOWN, problem: undefined };
  const seconds = options.check_timeout;
  const limits = [signal, seconds === 0 ? undefined : AbortSignal.timeout(seconds * 1000)];
  const either = AbortSignal.any(limits.filter((limit) => limit !== undefined));
  try {
    await using session = await openSession(resolveConninfo(options.conninfo), { signal: either });
    return { values: { ...UNKNOWN, ...(await ask(session, options.slot_name)) }, problem: undefined };
  } catch (error) {
    if (!isFailure(error) || signal?.aborted === true) throw error;
    const problem = isFailure(error, 'ABORTED') ? failure('TIMEOUT', { seconds }, error) : error;
    return { values: UNKNOWN, problem };
  }
}

async function ask(session: Session, slotName: string | null): Promise<LiveStatus['values']> {
  const settings = await readSettings(session);
  const identity = await identifyServer(session);
  const archiver = await archiverStatus(session);
  const missing = await missingPrivileges(session);
  const lsn = await walPosition(session);
  const size = await session.one(
    'SELECT sum(pg_catalog.pg_tablespace_size(oid))::bigint AS bytes FROM pg_catalog.pg_tablespace',
  );
  const slot = (await listReplicationSlots(session)).find(({ name }) => name === slotName);
  const setting = (name: string): string | null => settings.get(name)?.value ?? null;
  const picked = (names: readonly string[], as: (text: string) => LiveValue) =>
    Object.fromEntries(names.map((name) => [name, setting(name) === null ? null : as(setting(name) ?? '')]));
  const seconds = archiver.resetAt === undefined ? 0 : (Date.now() * 1000 - archiver.resetAt) / 1e6;
  const segment = { timeline: identity.timeline, number: segmentAt(lsn, identity.walSegmentSize) };
  return {
    ...picked(TEXTS, (text) => text),
    ...picked(NUMBERS, Number),
    ...picked(['synchronous_standby_names'], (text) => text.split(',').map((name) => name.trim())),
    archived_count: archiver.archived,
    current_archived_wals_per_second: seconds > 0 ? archiver.archived / seconds : 0,
    current_lsn: formatLsn(lsn),
    current_size: size.integer('bytes'),
    current_xlog: identity.inRecovery ? null : segmentName(segment, identity.walSegmentSize),
    data_directory: toText(identity.dataDirectory),
    failed_count: archiver.failed,
    has_backup_privileges: missing.length === 0,
    has_monitoring_privileges: !missing.some(({ what }) => what.startsWith('be a member')),
    is_archiving: !archiver.failing && ['on', 'always'].includes(setting('archive_mode') ?? ''),
    is_in_recovery: identity.inRecovery,
    is_superuser: identity.superuser,
    last_archived_time: timeOf(archiver.lastArchived),
    last_archived_wal: archiver.lastArchived?.name ?? null,
    last_failed_time: timeOf(archiver.lastFailed),
    last_failed_wal: archiver.lastFailed?.name ?? null,
    postgres_systemid: identity.systemIdentifier,
    replication_slot: slot === undefined ? null : `${slot.name} (${slot.active ? 'active' : 'inactive'})`,
    replication_slot_support: true,
    server_txt_version: identity.version.text,
    stats_reset: archiver.resetAt === undefined ? null : formatMoment({ epoch: archiver.resetAt, offset: 0 }),
    version_supported: true,
    xlog_segment_size: identity.walSegmentSize,
  };
}

function timeOf(file: { readonly time: number } | undefined): string | null {
  return file === undefined ? null : formatMoment({ epoch: file.time, offset: 0 });
}
