import type { Backup } from '../../manager/catalogue/backup.ts';
import type { BackupFieldName } from '../../manager/catalogue/backup-fields.ts';
import { formatCtime } from '../../manager/catalogue/moment.ts';
import type { Json } from './python-json.ts';

/** Fields whose JSON form is that of their value; all others show their text. */
const PLAIN = [
  'backup_name',
  'begin_offset',
  'begin_wal',
  'begin_xlog',
  'cluster_size',
  'config_file',
  'data_checksums',
  'deduplicated_size',
  'end_offset',
  'end_wal',
  'end_xlog',
  'error',
  'hba_file',
  'ident_file',
  'mode',
  'pgdata',
  'server_name',
  'size',
  'status',
  'systemid',
  'timeline',
  'version',
  'xlog_segment_size',
] as const satisfies readonly BackupFieldName[];

/** A backup with all its fields, as Barman gives it after `backup` and to its other nodes. */
export function backupFieldsJson({ id, fields, lines }: Backup): Map<string, Json> {
  const values = new Map<string, Json>([['backup_id', id]]);
  for (const [key, text] of lines) values.set(key, text === 'None' ? null : text);
  for (const key of PLAIN) if (lines.has(key)) values.set(key, fields[key]);
  for (const key of ['begin_time', 'end_time'] as const) {
    const moment = fields[key];
    if (moment === null) continue;
    values.set(key, formatCtime(moment));
    values.set(`${key}_iso`, (lines.get(key) ?? '').replace(' ', 'T'));
  }
  const tablespaces = fields.tablespaces?.map(({ name, oid, location }): Json => [name, oid, location]);
  if (tablespaces !== undefined) values.set('tablespaces', tablespaces);
  return values;
}
