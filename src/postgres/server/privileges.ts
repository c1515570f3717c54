import type { PostgresVersion } from '../version.ts';
import { grantExecute, grantRole } from './remedy.ts';
import type { Session } from './session.ts';

/** Something the user of a session may not do, and the statement that allows it. */
export interface MissingPrivilege {
  readonly what: string;
  /** SQL for a superuser. */
  readonly remedy: string;
}

/** Functions that only superusers may call until someone grants it, by what they are needed for. */
function functionsFor({ major }: PostgresVersion): readonly string[] {
  const backup =
    major >= 15
      ? ['pg_backup_start(text, boolean)', 'pg_backup_stop(boolean)']
      : ['pg_start_backup(text, boolean, boolean)', 'pg_stop_backup(boolean, boolean)'];
  return [...backup, 'pg_switch_wal()', 'pg_create_restore_point(text)'];
}

/** What the session's user lacks to write a checkpoint; undefined where nothing can be granted: before PostgreSQL 15. */
export async function missingCheckpoint(session: Session): Promise<MissingPrivilege | undefined> {
  if (session.version.major < 15) return undefined;
  const role = 'pg_checkpoint';
  const row = await session.one("SELECT pg_catalog.pg_has_role($1, 'USAGE') AS member", [role]);
  if (row.flag('member')) return undefined;
  return { what: `be a member of ${role}`, remedy: grantRole(role, session.user) };
}

/**
 * What the session's user lacks to take backups: the functions, and the settings that only members of
 * `pg_read_all_settings` see (the data directory, archive_command, …), with the positions and states of replication.
 */
export async function missingPrivileges(session: Session): Promise<MissingPrivilege[]> {
  const missing: MissingPrivilege[] = [];
  for (const signature of functionsFor(session.version)) {
    const row = await session.one("SELECT pg_catalog.has_function_privilege($1, 'EXECUTE') AS allowed", [
      `pg_catalog.${signature}`,
    ]);
    if (!row.flag('allowed')) {
      missing.push({ what: `call ${signature}`, remedy: grantExecute(signature, session.user) });
    }
  }
  for (const role of ['pg_read_all_settings', 'pg_read_all_stats']) {
    const row = await session.one("SELECT pg_catalog.pg_has_role($1, 'USAGE') AS member", [role]);
    if (!row.flag('member'))
      missing.push({ what: `be a member of ${role}`, remedy: grantRole(role, session.user) });
  }
  return missing;
}
