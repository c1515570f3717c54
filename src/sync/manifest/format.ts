/**
 * The manifest: one text file about one tree, compressed with gzip, readable with `zcat`. Lines end in a newline; the
 * sections are separated by one empty line.
 *
 *     cellarman manifest 1                    the format's version
 *     source db1:/srv/data                    key, space, value; unknown keys are ignored by readers
 *     started 1700000000.000000               when the scan began: seconds since the epoch
 *     mtime-precision 1.000000                seconds between two mtimes that can be told apart
 *     keeps perms times                       attributes of the source that the tree has too: perms times owner group
 *     columns type mode uid gid size mtime identity racy xxh64 name
 *
 *     / 755 26 26 0 1700000000.000000 - - - .
 *     d 700 26 26 0 1700000000.000000 - - - base
 *     f 600 26 26 4 1700000000.000000 2049:131:1:1700000000.123456 r 5e1a0b1c2d3e4f50 PG_VERSION
 *     l 777 26 26 0 1700000000.000000 - - - pg_wal -> /srv/wal
 *
 *     / 700 26 26 0 1700000000.000000 - - - base
 *
 *     end
 *     finished 1700000000.000000              when the tree was complete
 *     files 1                                 how many entries there are of each type, the root not counted
 *     ...                                     and what the run did
 *     xxh64 0123456789abcdef                  of every byte before this line
 *
 * - One section is one directory: first its own line, of type `/` with its whole path (`.` is the root), then its
 *   entries sorted by raw bytes. Directories come in pre-order. A directory that could not be read or was left out by a
 *   filter is an entry of its parent without a section of its own.
 * - Types: `f` file, `d` directory, `l` symbolic link, `p` fifo, `s` socket, `n` device node.
 * - The mode is octal; all other numbers are decimal; a time is seconds with six decimals. `-` stands for "not known".
 * - Identity is `device:inode:links:ctime`, known where the source is local.
 * - Racy is `r` where the file's time was too young to prove by itself that the file is unchanged.
 * - Names are UTF-8. A backslash, control characters and bytes that are not UTF-8 are written as `\xHH`, byte by byte;
 *   so is `>` in the name of a link, hence the first ` -> ` is the arrow.
 * - The end is a gzip member of its own, so that the totals can be read without unpacking what stands before it.
 */
export const VERSION = 1;
export const MAGIC = 'cellarman manifest';
export const COLUMNS = 'type mode uid gid size mtime identity racy xxh64 name';

/** What a manifest says about itself before the first entry. */
export interface ManifestHeader {
  /** Where the tree came from, for people. */
  readonly source: string;
  /** When the scan of the source began, in microseconds since the epoch. */
  readonly started: number;
  /** The source's `capabilities.mtimePrecision`: microseconds. */
  readonly mtimePrecision: number;
  /**
   * Which attributes the tree took over from the source. The entries hold those of the source in any case: against them
   * the source is compared the next time.
   */
  readonly keeps: KeptAttributes;
}

export interface KeptAttributes {
  readonly perms: boolean;
  readonly times: boolean;
  readonly owner: boolean;
  readonly group: boolean;
}

/** What a run did to make the tree; told to the writer at the end. */
export interface RunTotals {
  /** When the tree was complete, in microseconds since the epoch. */
  readonly finished: number;
  /** Files whose content was transferred, and their bytes. */
  readonly newFiles: number;
  readonly newBytes: number;
  /** Files that became links to a basis, and their bytes. */
  readonly linkedFiles: number;
  readonly linkedBytes: number;
  /** Paths of the source that are not in the tree because they could not be read. */
  readonly failed: number;
}

/** The end of a manifest: what it holds and how that came about. */
export interface ManifestTotals extends RunTotals {
  /** Entries by type; the root is not counted. */
  readonly files: number;
  readonly directories: number;
  readonly symlinks: number;
  readonly others: number;
  /** Bytes of all files. */
  readonly bytes: number;
}
