// Functions of backups that only superusers may call until someone grants it, of all supported majors.
const FUNCTIONS = [
  'pg_backup_start(text, boolean)',
  'pg_backup_stop(boolean)',
  'pg_start_backup(text, boolean, boolean)',
  'pg_stop_backup(boolean, boolean)',
  'pg_switch_wal()',
  'pg_create_restore_point(text)',
];

/** The statement that makes good what PostgreSQL's error says, where that is known. */
export function remedyFor(message: string, user: string): string | undefined {
  const name = /^permission denied for function (\w+)/.exec(message)?.[1];
  const signature = FUNCTIONS.find((candidate) => candidate.startsWith(`${name}(`));
  if (signature !== undefined) return grantExecute(signature, user);
  // The words differ between majors; in some the role itself is named, in others what it is for.
  if (/pg_read_all_settings|permission denied to examine/.test(message))
    return grantRole('pg_read_all_settings', user);
  if (/pg_checkpoint|execute CHECKPOINT/.test(message)) return grantRole('pg_checkpoint', user);
  return undefined;
}

export function grantExecute(signature: string, user: string): string {
  return `GRANT EXECUTE ON FUNCTION pg_catalog.${signature} TO ${quoteIdentifier(user)}`;
}

export function grantRole(role: string, user: string): string {
  return `GRANT ${role} TO ${quoteIdentifier(user)}`;
}

function quoteIdentifier(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
