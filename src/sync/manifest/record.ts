import type { Entry, RelPath } from '../entry.ts';

/** An entry as it was when it was read, with what was learnt from its content. */
export interface RecordedEntry extends Entry {
  /** xxh64 (seed 0) of the content, 16 lower-case hexadecimal digits; undefined for all that is not a file. */
  readonly hash: string | undefined;
  /**
   * The file's time was not clearly older than the moment its reading began: it may have changed since without another
   * size or time, so equal attributes prove nothing.
   */
  readonly racy: boolean;
}

/** A directory of a manifest: entries sorted by raw bytes, as in a Listing. */
export interface RecordedListing {
  readonly path: RelPath;
  readonly directory: RecordedEntry;
  readonly entries: readonly RecordedEntry[];
}
