import type { ByteString } from '../../system/byte-string.ts';
import type { CellarmanError } from '../../system/errors.ts';
import type { LinkedFiles } from '../endpoint.ts';
import type { Attributes, Entry, RelPath } from '../entry.ts';

/** One thing to do under one name. Plain data: it goes to worker threads as it is. */
export interface Task {
  readonly do: 'copy' | 'compare' | 'link' | 'symlink' | 'attributes' | 'hash';
  readonly entry: Entry;
  /** The entry's name in the source, where that differs from `entry.name`. */
  readonly sourceName: ByteString | undefined;
  /** What to set on it; undefined fields stay as the file system makes them. */
  readonly attributes: Attributes;
  /** Something stands under the name already: make the new one beside it and rename it over. */
  readonly replaces: boolean;
  /** Which basis to link to, copy from or compare with; -1 for none: then a copy is from the source, and a comparison with what stands in the destination. */
  readonly basis: number;
  /** The hash that a manifest vouches for, of the basis or of what stands in the destination. */
  readonly knownHash: string | undefined;
  /** After a comparison that found equal content. */
  readonly otherwise: 'none' | 'link' | 'copy' | 'attributes';
  /** What stands in the destination may be another tree's file too: its attributes must not be set through it. */
  readonly shared: boolean;
}

/** Tasks of one directory. */
export interface Batch {
  /** Index of the source root the directory comes from. */
  readonly root: number;
  readonly directory: RelPath;
  readonly tasks: readonly Task[];
  /** What only has to be linked to the basis of this index: by far the most of a second backup. */
  readonly links: ({ readonly basis: number } & LinkedFiles) | undefined;
}

/** What became of one task. */
export interface TaskResult {
  /** `kept`: compared and found equal. `copied` content came from the source, `reused` from a basis. */
  readonly outcome: 'copied' | 'reused' | 'linked' | 'kept' | 'made' | 'failed';
  /** The source entry as it was when its content was read, where it had changed since the scan. */
  readonly entry: Entry | undefined;
  readonly hash: string | undefined;
  /** When reading began, milliseconds by this machine's clock; 0 where nothing was read from the source. */
  readonly readAt: number;
  /** What an inspector of its content found, see `InspectionSpec`. */
  readonly finding: unknown;
  /** The file kept changing while it was read: what was written may be a mixture. */
  readonly torn: boolean;
  /** Bytes of the source that were read only to compare. */
  readonly comparedBytes: number;
  readonly error: CellarmanError | undefined;
}

export interface BatchResult {
  /** One per task, in order. */
  readonly results: readonly TaskResult[];
  /** Names of `links` that could not be linked, with why. */
  readonly unlinked: readonly { readonly name: ByteString; readonly error: CellarmanError }[];
}

/** Carries out batches; several at once if it likes. */
export interface Lane {
  /** How many tasks are worth having under way here at once. */
  readonly depth: number;
  /**
   * Settles when every task of the batch was dealt with; failures of single paths are in the result. Rejects with what
   * ends the run (see `isOfPath`).
   */
  run(batch: Batch): Promise<BatchResult>;
  /** Resolves when nothing is under way any more, or will not end: it is to be aborted before. */
  close(): Promise<void>;
}
