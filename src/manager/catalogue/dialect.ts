import type { BackupInfoLines } from './backup-info.ts';
import type { InfoPlace } from './layout.ts';

/**
 * Barman gives up on a key of `backup.info` it does not know, and older versions look for the file in another place. So
 * a new backup is written as the newest one of its catalogue was, and as today's Barman would in an empty catalogue.
 */
export interface Dialect {
  readonly place: InfoPlace;
  /** Keys this catalogue's Barman would not understand. */
  readonly without: ReadonlySet<string>;
}

/** Keys that came with Barman 3.11 and later. */
const NEWER_KEYS = [
  'children_backup_ids',
  'cluster_size',
  'data_checksums',
  'encryption',
  'parent_backup_id',
  'summarize_wal',
];

export interface CatalogueSigns {
  readonly newest: { readonly place: InfoPlace; readonly lines: BackupInfoLines } | undefined;
  readonly hasMeta: boolean;
  /** `wals/xlog.db`, the name of the WAL index before 3.13. */
  readonly hasOldIndex: boolean;
}

export function dialectOf({ newest, hasMeta, hasOldIndex }: CatalogueSigns): Dialect {
  if (newest !== undefined) {
    return { place: newest.place, without: new Set(NEWER_KEYS.filter((key) => !newest.lines.has(key))) };
  }
  return !hasMeta && hasOldIndex
    ? { place: 'base', without: new Set(NEWER_KEYS) }
    : { place: 'meta', without: new Set() };
}

export function inDialect(lines: BackupInfoLines, { without }: Dialect): BackupInfoLines {
  return new Map([...lines].filter(([key]) => !without.has(key)));
}
