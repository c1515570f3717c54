import type { Entry, RelPath } from './entry.ts';
import type { RecordedEntry, RecordedListing } from './manifest/record.ts';
import type { BasisEntry } from './plan.ts';

/** Takes finished listings in the order of the walk. */
export type Record = (listing: RecordedListing) => Promise<void> | undefined;

/** A directory whose entries are still being dealt with. */
export class PendingListing {
  readonly path: RelPath;
  readonly directory: RecordedEntry;
  readonly entries: (RecordedEntry | undefined)[];
  #open = 1;
  readonly #onDone: () => void;

  constructor(path: RelPath, directory: Entry, count: number, onDone: () => void) {
    this.path = path;
    this.directory = recorded(directory, undefined, false);
    this.entries = new Array(count);
    this.#onDone = onDone;
  }

  /** The entry at `index` will be known later. */
  expect(): void {
    this.#open++;
  }

  /** An entry is as it shall be; undefined: it is not in the tree. */
  settle(index: number, entry: RecordedEntry | undefined): void {
    this.entries[index] = entry;
  }

  /** One expectation is fulfilled, or the listing itself has been gone through. */
  close(): void {
    if (--this.#open === 0) this.#onDone();
  }

  get done(): boolean {
    return this.#open === 0;
  }
}

/** Hands listings on in the order in which they were begun, each as soon as it and all before it are done. */
export class Recorder {
  readonly #record: Record;
  readonly #queue: PendingListing[] = [];
  #writing: Promise<void> = Promise.resolve();
  #busy = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(record: Record) {
    this.#record = record;
  }

  begin(path: RelPath, directory: Entry, count: number): PendingListing {
    const listing = new PendingListing(path, directory, count, () => this.#flush());
    this.#queue.push(listing);
    return listing;
  }

  /** Resolves when everything done was taken. */
  async settled(): Promise<void> {
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#queue.length > 0) throw new Error('a listing was begun and never closed');
  }

  #flush(): void {
    if (this.#busy || this.#queue[0]?.done !== true) return;
    this.#busy = true;
    this.#writing = this.#writeAll().catch((error: unknown) => {
      this.#failure ??= { error };
    });
  }

  async #writeAll(): Promise<void> {
    try {
      for (let next = this.#queue[0]; next?.done === true; next = this.#queue[0]) {
        this.#queue.shift();
        const entries = next.entries.filter((entry) => entry !== undefined);
        const writing = this.#record({ path: next.path, directory: next.directory, entries });
        if (writing !== undefined) await writing;
      }
    } finally {
      this.#busy = false;
    }
  }
}

export function recorded(entry: Entry, hash: string | undefined, racy: boolean): RecordedEntry {
  return {
    name: entry.name,
    type: entry.type,
    mode: entry.mode,
    size: entry.size,
    mtime: entry.mtime,
    uid: entry.uid,
    gid: entry.gid,
    target: entry.target,
    identity: entry.identity,
    hash,
    racy,
  };
}

/** The record of an entry that is as `known`, whose own record serves again where it says the same. */
export function recordedAs(known: BasisEntry | undefined, entry: Entry): RecordedEntry {
  if (known === undefined || !('racy' in known)) return recorded(entry, undefined, false);
  return isSame(known, entry) ? known : recorded(entry, known.hash, known.racy);
}

function isSame(known: RecordedEntry, entry: Entry): boolean {
  return (
    known.mtime === entry.mtime &&
    known.size === entry.size &&
    known.mode === entry.mode &&
    known.uid === entry.uid &&
    known.gid === entry.gid &&
    known.target === entry.target &&
    known.identity === undefined &&
    entry.identity === undefined
  );
}
