import type { ByteString } from '../system/byte-string.ts';
import type { CellarmanError } from '../system/errors.ts';
import type { EntryType, RelPath } from './entry.ts';

/** Why an entry is touched: the differences found, as data. `created` stands alone: there was nothing of that name. */
export type Change = 'created' | 'type' | 'content' | 'size' | 'time' | 'mode' | 'owner' | 'group' | 'target';

/**
 * What is done to one entry.
 * - `copy`: content is transferred from the source (or from a basis, `fromBasis`).
 * - `link`: becomes another name of an unchanged file of the basis, or of another name in this transfer (`leader`).
 * - `attributes`: mode, owner or time alone.
 */
export type ActionKind = 'directory' | 'copy' | 'link' | 'symlink' | 'attributes' | 'remove';

/** One entry was dealt with (in a dry run: would have been). */
export interface EntryEvent {
  readonly type: 'entry';
  readonly action: ActionKind;
  readonly path: RelPath;
  readonly kind: EntryType;
  readonly changes: readonly Change[];
  /** Bytes of a file, 0 for the rest. */
  readonly size: number;
  /** Of a symbolic link. */
  readonly target?: ByteString | undefined;
  /** The first name of the same file in this transfer (`-H`). */
  readonly leader?: RelPath | undefined;
  /** Content came from a basis directory (`--copy-dest`, or a link that could not be made), not from the source. */
  readonly fromBasis?: boolean | undefined;
}

/** Something is wrong with a single path; the rest goes on. */
export interface ProblemEvent {
  readonly type: 'problem';
  readonly path: RelPath;
  readonly error: CellarmanError;
}

/** A fact the user should know that harms nothing: a lost connection that was re-made, a missing basis directory. */
export interface WarningEvent {
  readonly type: 'warning';
  readonly message: string;
}

/** How far the run is; at most ten a second. */
export interface ProgressEvent {
  readonly type: 'progress';
  /** Entries looked at so far, and whether the scan has ended: then the totals are exact. */
  readonly scanned: number;
  readonly scanEnded: boolean;
  /** Files and bytes to transfer as known so far. */
  readonly totalFiles: number;
  readonly totalBytes: number;
  /** Files and bytes transferred so far. */
  readonly files: number;
  readonly bytes: number;
}

export type SyncEvent = EntryEvent | ProblemEvent | WarningEvent | ProgressEvent;

export type Counts = Readonly<Record<EntryType, number>>;

/** The result of a run. Everything in bytes or pieces; times in milliseconds. */
export interface SyncReport {
  /** Entries of the source that took part. */
  readonly entries: Counts;
  readonly created: Counts;
  readonly removed: Counts;
  /** Files whose content was transferred from the source, and their bytes. */
  readonly transferredFiles: number;
  readonly transferredBytes: number;
  /** Files linked to a basis (not the `-H` names), and the bytes this saved. */
  readonly linkedFiles: number;
  readonly linkedBytes: number;
  /** Files read only to compare them by content. */
  readonly comparedFiles: number;
  readonly comparedBytes: number;
  /** Bytes of all files of the source. */
  readonly totalBytes: number;
  /** Paths that were there when listed and gone when read. */
  readonly vanished: number;
  /** Paths that failed otherwise. */
  readonly failed: number;
  /** Removals left out because `maxDelete` was reached. */
  readonly removalsSkipped: number;
  /** Removals were not carried out because the source could not be read in full. */
  readonly removalsStopped: boolean;
  readonly reconnects: number;
  readonly scanTime: number;
  readonly time: number;
  readonly dryRun: boolean;
}
