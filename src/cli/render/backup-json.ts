import type { Backup } from '../../manager/catalogue/backup.ts';
import { backupFieldsJson } from './backup-fields-json.ts';
import type { Json } from './python-json.ts';

/** A backup as Barman's nodes give it to each other: what has a structure keeps it. */
export function backupJson(backup: Backup): { readonly [key: string]: Json } {
  const { copy_stats: statistics } = backup.fields;
  return {
    ...Object.fromEntries(backupFieldsJson(backup)),
    copy_stats:
      statistics === null
        ? null
        : Object.fromEntries(
            [...statistics].map(([key, value]) => [
              key,
              typeof value === 'number' ? value : Object.fromEntries(value),
            ]),
          ),
  };
}

/** The same for people who look for what is wrong: times as ISO 8601 has them. */
export function backupDiagnosis(backup: Backup): Json {
  const { begin_time_iso: begin, end_time_iso: end, ...fields } = backupJson(backup);
  return { ...fields, begin_time: begin ?? null, end_time: end ?? null };
}
