import type { Entry, RelPath } from './entry.ts';
import type { Step } from './plan.ts';
import type { PendingListing } from './recorder.ts';

/** What is remembered of an entry while a lane has it. */
export interface Note {
  readonly step: Step;
  readonly path: RelPath;
  readonly listing: PendingListing | undefined;
  /** Its place in the listing. */
  readonly index: number;
  readonly root: number;
}

/** A file that was copied so soon after it was modified that it may have been modified again in the same second. */
export interface Fresh {
  readonly note: Note;
  /** As it was when it was read. */
  readonly entry: Entry;
  readonly hash: string | undefined;
  /** Milliseconds by this machine's clock. */
  readonly readAt: number;
}
