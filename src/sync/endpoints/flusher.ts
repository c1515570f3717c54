import type { ByteString } from '../../system/byte-string.ts';

/** Makes durable in one go, by syncfs(2), whatever was written to file systems of a machine, in place of an fsync for each file. */
export interface Flusher extends AsyncDisposable {
  /** Tells one start of that machine from another; undefined where nothing does. What was not flushed may be gone in the next. */
  readonly boot: string | undefined;
  /**
   * All that was written so far to the file systems of these directories is on the disk. IO where blocks could not be written
   * since somebody last asked; of a host also what reaching it gives.
   */
  flush(directories: readonly ByteString[]): Promise<void>;
}

/** A file of the machine and what it holds, which nothing else holds: who finds it there looks at the same tree. */
export interface Proof {
  /** Absolute. */
  readonly path: ByteString;
  readonly content: Uint8Array;
}
