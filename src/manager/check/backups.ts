import { prettyDuration, prettySize } from '../../system/quantities.ts';
import { isCopied, statusOf } from '../catalogue/backup.ts';
import type { ServerConfig } from '../config/configuration.ts';
import type { BackupReport } from '../report/backup-report.ts';
import { type CheckResults, failed, passed, result } from './result.ts';

const HOUR = 3600;

/** Whether there are backups and WAL as the configuration asks for them. @param now milliseconds since the epoch */
export async function* checkBackups(
  { options, warnings }: ServerConfig,
  { backups }: BackupReport,
  now: number,
): CheckResults {
  const badPolicy = warnings.find(({ key }) => key.endsWith('retention_policy'));
  yield result('retention policy settings', badPolicy === undefined, '', badPolicy?.text ?? '');

  const last = backups.findLast(({ backup }) => isCopied(backup));
  const ended = last?.backup.fields.end_time?.epoch;
  const age = ended === undefined ? undefined : (now - ended / 1000) / 1000;
  yield ageOf(
    'backup maximum age',
    'last_backup_maximum_age',
    options.last_backup_maximum_age,
    age,
    (shown) =>
      shown === undefined ? 'latest backup age: No available backups' : `latest backup age: ${shown}`,
  );

  const size = last?.backup.fields.size ?? 0;
  const least = options.last_backup_minimum_size ?? 0;
  yield {
    ...result(
      'backup minimum size',
      size >= least,
      prettySize(size),
      `last backup size ${prettySize(size)} < ${prettySize(least)} minimum`,
    ),
    measured: { what: 'backup', bytes: size },
  };
  if (options.encryption === 'gpg')
    yield failed(
      'encryption',
      'cellarman does not encrypt yet: leave this server to Barman, or set encryption = none',
    );
}

/** Whether WAL has gone on since the last backup. @param now milliseconds since the epoch */
export async function* checkWalAge(
  { options }: ServerConfig,
  { backups }: BackupReport,
  now: number,
): CheckResults {
  const last = backups.findLast(({ backup }) => isCopied(backup));
  const newest = last?.wal.after.last ?? last?.wal.during.last ?? null;
  const maximum = options.last_wal_maximum_age;
  if (maximum !== null && newest === null) {
    yield failed('wal maximum age', 'No WAL files archived for last backup');
  } else {
    const age = newest === null ? undefined : now / 1000 - newest;
    yield ageOf(
      'wal maximum age',
      'last_wal_maximum_age',
      maximum,
      age,
      (shown) => `latest wal age: ${shown}`,
    );
  }
  const bytes = last?.wal.after.bytes ?? 0;
  yield { ...passed('wal size', prettySize(bytes)), measured: { what: 'wal', bytes } };
}

/** Whether backups went well, and are enough. */
export async function* checkRedundancy({ options }: ServerConfig, { backups }: BackupReport): CheckResults {
  const failures = backups.filter(({ backup }) => statusOf(backup) === 'FAILED').length;
  yield result('failed backups', failures === 0, `there are ${failures} failed backups`);
  const whole = backups.filter(({ backup, type }) => statusOf(backup) === 'DONE' && type !== 'incremental');
  yield result(
    'minimum redundancy requirements',
    whole.length >= options.minimum_redundancy,
    `have ${whole.length} non-incremental backups, expected at least ${options.minimum_redundancy}`,
  );
}

/** @param hours undefined age fails where there is a limit. */
function ageOf(
  name: string,
  key: string,
  hours: number | null,
  seconds: number | undefined,
  tell: (age: string | undefined) => string,
) {
  if (hours === null) return passed(name, `no ${key} provided`);
  const shown = seconds === undefined ? undefined : prettyDuration(Math.max(0, seconds));
  const hint = `interval provided: ${prettyDuration(hours * HOUR)}, ${tell(shown)}`;
  return result(name, seconds !== undefined && seconds < hours * HOUR, hint);
}
