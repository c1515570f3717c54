import type { BackupInfoLines } from './backup-info.ts';
import type { InfoPlace } from './layout.ts';

/**
 * Barman gives up on a key of `backup.info` it does not know, and older versions look for the file in another place. So
 * a new backup is written as the newest one of its catalogue was; in an empty catalogue as the Barman of this machine
 * would, and as today's where there is none.
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

interface Written {
  readonly place: InfoPlace;
  readonly lines: BackupInfoLines;
}

export interface CatalogueSigns {
  readonly newest: Written | undefined;
  readonly hasMeta: boolean;
  /** `wals/xlog.db`, the name of the WAL index before 3.13. */
  readonly hasOldIndex: boolean;
  /** `NAME-xlog.db`, its name since then. */
  readonly hasIndex: boolean;
  /** Asked where nothing else tells. */
  readonly oldBarmanIsInstalled: () => boolean;
}

export function dialectOf(signs: CatalogueSigns): Dialect {
  const { newest } = signs;
  if (newest !== undefined) return dialectOfBackup(newest);
  return isOld(signs)
    ? { place: 'base', without: new Set(NEWER_KEYS) }
    : { place: 'meta', without: new Set() };
}

/** The dialect a backup was written in. */
export function dialectOfBackup({ place, lines }: Written): Dialect {
  return { place, without: new Set(NEWER_KEYS.filter((key) => !lines.has(key))) };
}

function isOld({ hasMeta, hasOldIndex, hasIndex, oldBarmanIsInstalled }: CatalogueSigns): boolean {
  if (hasMeta) return false;
  return hasOldIndex || (!hasIndex && oldBarmanIsInstalled());
}

export function inDialect(lines: BackupInfoLines, { without }: Dialect): BackupInfoLines {
  return new Map([...lines].filter(([key]) => !without.has(key)));
}
