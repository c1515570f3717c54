import type { ByteString } from '../../system/byte-string.ts';
import { failure } from '../../system/errors.ts';
import type { Lsn } from '../lsn.ts';
import type { Session } from './session.ts';

export interface StartedBackup {
  /** Where recovery of the backup begins: the redo position of the checkpoint that was made. */
  readonly startLsn: Lsn;
  /** By the server's clock, microseconds since the epoch. */
  readonly time: number;
}

export interface StoppedBackup {
  /** Recovery must reach this position. */
  readonly stopLsn: Lsn;
  readonly time: number;
  /** To be stored as `backup_label`, byte for byte. */
  readonly label: ByteString;
  /** To be stored as `tablespace_map` where it is not empty. */
  readonly tablespaceMap: ByteString;
}

const NOW = '(extract(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::bigint AS time';

/**
 * Begins a backup that lasts until `stopBackup` in the same session, or until that ends. Without `fast` it returns only
 * when the server's next spread checkpoint is done, which takes minutes. POSTGRES_POOLER where there is no session to
 * last; POSTGRES_PRIVILEGE.
 */
export async function startBackup(
  session: Session,
  options: { readonly label: string; readonly fast: boolean },
): Promise<StartedBackup> {
  if (session.pooled) {
    throw failure('POSTGRES_POOLER', {
      server: session.server,
      detail: `its session has another process than process ${session.backendPid} of the server`,
    });
  }
  const call =
    session.version.major >= 15
      ? 'pg_catalog.pg_backup_start(label => $1, fast => $2)'
      : 'pg_catalog.pg_start_backup(label => $1, fast => $2, exclusive => false)';
  // The label is a line of a file.
  const label = options.label.replace(/\s+/g, ' ');
  const row = await session.one(`SELECT start_lsn, ${NOW} FROM ${call} AS start_lsn`, [label, options.fast]);
  return { startLsn: row.lsn('start_lsn'), time: row.integer('time') };
}

/**
 * Ends the session's backup. With `waitForArchive` it returns when the server has archived all WAL of the backup, and
 * never where archiving fails; a standby waits only with `archive_mode=always`.
 */
export async function stopBackup(
  session: Session,
  options: { readonly waitForArchive: boolean },
): Promise<StoppedBackup> {
  const call =
    session.version.major >= 15
      ? 'pg_catalog.pg_backup_stop(wait_for_archive => $1)'
      : 'pg_catalog.pg_stop_backup(exclusive => false, wait_for_archive => $1)';
  const row = await session.one(
    `SELECT lsn, pg_catalog.textsend(labelfile) AS label, pg_catalog.textsend(spcmapfile) AS map, ${NOW} FROM ${call}`,
    [options.waitForArchive],
  );
  return {
    stopLsn: row.lsn('lsn'),
    time: row.integer('time'),
    label: row.bytes('label'),
    tablespaceMap: row.bytes('map'),
  };
}
