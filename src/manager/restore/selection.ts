import type { RelPath } from '../../sync/entry.ts';
import type { Filter } from '../../sync/filter.ts';
import { MARKER } from './marker.ts';

/** Where WAL goes that only recovery shall read, as with Barman. */
export const RECOVERY_WAL = 'barman_wal';

/**
 * Of PGDATA, these are not copied: WAL comes from the archive; the configuration and pg_control are written at the end;
 * tablespaces are linked anew; logs and the rest belong to the server that was backed up.
 */
const NOT_COPIED =
  /^(?:pg_wal\/.+|pg_log\/.+|log\/.+|pg_tblspc\/\d+|postmaster\.(?:pid|opts)|(?:recovery|standby)\.signal|recovery\.(?:conf|done)|tablespace_map(?:\.old)?|backup_label\.old|backup_manifest|\.barman-recover\.info|postgresql(?:\.auto)?\.conf(?:\.origin)?|global\/pg_control)$/;

/** What is made in the destination beside the copy. */
const MADE_BESIDE = new RegExp(
  `^(?:${MARKER.replace('.', '\\.')}|pg_wal/.+|pg_tblspc/\\d+|${RECOVERY_WAL}(?:/.*)?)$`,
);

/** For the data directory. */
export const DATA_FILTER: Filter = {
  hides: (path) => NOT_COPIED.test(path),
  protects: (path) => MADE_BESIDE.test(path),
};

/**
 * For a tablespace's location: clusters of other versions may have their directories beside that of this one.
 * @param own names at the top of the backup's tablespace
 */
export function tablespaceFilter(own: ReadonlySet<string>): Filter {
  return {
    hides: () => false,
    protects: (path) => !own.has(topOf(path)),
  };
}

const topOf = (path: RelPath): string => path.split('/', 1)[0] ?? '';
