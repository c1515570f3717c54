import type { ByteString } from '../../system/byte-string.ts';
import type { Attributes, RelPath } from '../entry.ts';

/** How the entries of a tree are reached without a symbolic link being followed on the way. Throws errnos. */
export interface LocalAccess {
  /**
   * What stands before an entry's name in its path for `node:fs` (one byte a character, ends in a slash). Throws
   * SYMLINK_IN_PATH where a component of `directory` is a symbolic link. Good until the next call but one: who needs two
   * directories asks for them in a row.
   */
  prefix(directory: RelPath): ByteString;
  /** Of the entry at `place` itself, never of what it leads to. `path` is for people. SHARED_FILE. */
  setAttributes(place: string | Buffer, attributes: Attributes, path: string): void;
  /** The directory `path` and all below it may be gone or elsewhere from now on. */
  forget(path: RelPath): void;
  close(): void;
}
