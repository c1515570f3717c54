import { failure } from '../../system/errors.ts';
import {
  BACKUP_FIELDS,
  type BackupFieldName,
  type BackupFields,
  OMITTED_WHEN_NULL,
} from './backup-fields.ts';
import type { Field } from './field.ts';

/**
 * `backup.info`, one file for each base backup: `key=value` lines, sorted by key when written. Reading drops blanks
 * around both, blank lines and `#` comments; the literal `None` is null. The text of every line is kept, so that a
 * rewrite changes what it means to change and nothing else, keys of other Barman versions included.
 */
export type BackupInfoLines = ReadonlyMap<string, string>;

/** @throws BACKUP_INFO for a line without `=`. */
export function parseBackupInfo(text: string, path: string): BackupInfoLines {
  const lines = new Map<string, string>();
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const equals = line.indexOf('=');
    if (equals < 1) throw failure('BACKUP_INFO', { path, detail: `line ${index + 1} is not "key=value"` });
    lines.set(line.slice(0, equals).trim(), line.slice(equals + 1).trim());
  }
  return lines;
}

export function formatBackupInfo(lines: BackupInfoLines): string {
  return [...lines]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

const NAMES = Object.keys(BACKUP_FIELDS) as BackupFieldName[];
const SEGMENT_SIZE = 16 * 1024 * 1024;

/**
 * The typed values; a missing key is null, as in files of older versions.
 * @throws BACKUP_INFO for a value that is none of its field.
 */
export function readFields(lines: BackupInfoLines, path: string): BackupFields {
  const values: Partial<Record<BackupFieldName, unknown>> = {};
  for (const name of NAMES) {
    const text = lines.get(name);
    const field: Field<unknown> = BACKUP_FIELDS[name];
    const value = text === undefined || text === 'None' ? null : field.parse(text);
    if (value === undefined) {
      throw failure('BACKUP_INFO', {
        path,
        detail: `the value of ${name} is cut off or wrong: ${excerpt(text ?? '')}`,
      });
    }
    values[name] = value;
  }
  values.xlog_segment_size ??= SEGMENT_SIZE;
  // Every name was given the value of its own field.
  return values as BackupFields;
}

/** The lines with some fields changed. */
export function changeFields(lines: BackupInfoLines, changes: Partial<BackupFields>): BackupInfoLines {
  const changed = new Map(lines);
  for (const name of NAMES) {
    const value = changes[name];
    if (value === undefined) continue;
    if (value !== null) changed.set(name, formatField(name, value));
    else if (OMITTED_WHEN_NULL.has(name)) changed.delete(name);
    else changed.set(name, 'None');
  }
  return changed;
}

/** The lines of a new backup: every field Barman writes, `None` where there is nothing yet. */
export function newFields(fields: Partial<BackupFields>): BackupInfoLines {
  const empty = Object.fromEntries(NAMES.map((name) => [name, null]));
  return changeFields(new Map(), { ...empty, xlog_segment_size: SEGMENT_SIZE, ...fields });
}

const MOST_SHOWN = 40;

/** Labels and statistics have hundreds of characters. */
function excerpt(text: string): string {
  return text.length <= MOST_SHOWN ? `"${text}"` : `"${text.slice(0, MOST_SHOWN)}…"`;
}

function formatField<K extends BackupFieldName>(name: K, value: NonNullable<BackupFields[K]>): string {
  // TypeScript cannot see that the value of a name is what its field formats.
  return (BACKUP_FIELDS[name] as Field<unknown>).format(value);
}
