import type { Lsn } from '../lsn.ts';
import type { Session } from './session.ts';

/**
 * The end of the WAL that is on the server's disk: what a primary has flushed, or what a standby has replayed or
 * received, whichever is more.
 */
export async function walPosition(session: Session): Promise<Lsn> {
  const row = await session.one(`
    SELECT CASE WHEN pg_catalog.pg_is_in_recovery()
                THEN GREATEST(pg_catalog.pg_last_wal_replay_lsn(), pg_catalog.pg_last_wal_receive_lsn())
                ELSE pg_catalog.pg_current_wal_flush_lsn() END AS lsn`);
  return row.lsn('lsn');
}

/** Where the next record of a primary goes. */
export async function insertPosition(session: Session): Promise<Lsn> {
  return (await session.one('SELECT pg_catalog.pg_current_wal_insert_lsn() AS lsn')).lsn('lsn');
}

/**
 * Makes a primary begin a new segment, so that the one before goes to the archive: the end of what that holds. Where
 * nothing was written since the last switch, nothing happens, unless `force` writes a restore point of that name first.
 */
export async function switchWal(session: Session, options: { readonly force?: string } = {}): Promise<Lsn> {
  if (options.force !== undefined) await createRestorePoint(session, options.force);
  return (await session.one('SELECT pg_catalog.pg_switch_wal() AS lsn')).lsn('lsn');
}

/** A name that recovery can stop at: its position. */
export async function createRestorePoint(session: Session, name: string): Promise<Lsn> {
  return (await session.one('SELECT pg_catalog.pg_create_restore_point($1) AS lsn', [name])).lsn('lsn');
}

/** Writes everything to disk; on a standby as far as it can. POSTGRES_PRIVILEGE. */
export async function checkpoint(session: Session): Promise<void> {
  await session.all('CHECKPOINT');
}
