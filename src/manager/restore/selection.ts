import type { RelPath } from '../../sync/entry.ts';
import type { Filter } from '../../sync/filter.ts';
import { below, isWithin } from '../../sync/resolve.ts';
import { type ByteString, byteString } from '../../system/byte-string.ts';
import { MARKER } from './marker.ts';

/** Where WAL goes that only recovery shall read, as with Barman. */
export const RECOVERY_WAL = 'barman_wal';

export const recoveryWalBelow = (data: ByteString): ByteString => below(data, byteString(RECOVERY_WAL));

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

/** Whether a path of the data directory is left out of the copy. */
export const isNotCopied = (path: RelPath): boolean => NOT_COPIED.test(path);

/**
 * For the data directory.
 * @param located tablespaces that lie in it, as paths in it: they were copied there before
 */
export function dataFilter(located: readonly RelPath[]): Filter {
  return {
    hides: isNotCopied,
    protects: (path) => MADE_BESIDE.test(path) || located.some((one) => isWithin(path, one)),
  };
}

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
