import type { Entry, RelPath } from './entry.ts';
import { joinPath } from './path.ts';
import type { Step } from './plan.ts';
import type { PendingListing } from './recorder.ts';

/** What is remembered of an entry while a lane has it. */
export class Note {
  readonly step: Step;
  readonly directory: RelPath;
  readonly listing: PendingListing | undefined;
  /** Its place in the listing. */
  readonly index: number;
  readonly root: number;

  constructor(
    step: Step,
    directory: RelPath,
    listing: PendingListing | undefined,
    index: number,
    root: number,
  ) {
    this.step = step;
    this.directory = directory;
    this.listing = listing;
    this.index = index;
    this.root = root;
  }

  /** Made when it is asked for: nobody asks for that of an unchanged file. */
  get path(): RelPath {
    return joinPath(this.directory, this.step.entry.name);
  }

  /** The same entry, dealt with in another way. */
  with(changed: Partial<Step>): Note {
    return new Note({ ...this.step, ...changed }, this.directory, this.listing, this.index, this.root);
  }
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
