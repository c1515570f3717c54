import type { RelPath } from '../../sync/entry.ts';
import type { RecordedEntry, RecordedListing } from '../../sync/manifest/record.ts';
import { comparePaths, joinPath, ROOT } from '../../sync/path.ts';

/** An entry that is not what the backup's manifest says, or is not there. */
export interface Damage {
  /** In the backup: `data/base/5/1259`, `16384/PG_15_202209061/5/16390`. */
  readonly path: RelPath;
  /** As it was when it was backed up. */
  readonly recorded: RecordedEntry;
}

/** Whether an entry takes no part in the restore; paths of the backup. */
export type Hides = (path: RelPath, directory: boolean) => boolean;

/**
 * Holds what was restored against the manifest of the backup, directory by directory in the order of a walk. What the
 * manifest does not know is not judged.
 */
export class ContentCheck {
  readonly damaged: Damage[] = [];
  readonly #listings: AsyncIterator<RecordedListing>;
  readonly #hides: Hides;
  #next: RecordedListing | undefined;
  #ended = false;

  constructor(manifest: AsyncIterable<RecordedListing>, hides: Hides) {
    this.#listings = manifest[Symbol.asyncIterator]();
    this.#hides = hides;
  }

  /** `directory`: of the backup. Its entries carry the hashes of what was restored. */
  async compare(directory: RelPath, entries: readonly RecordedEntry[]): Promise<void> {
    const expected = await this.#passTo(directory);
    if (expected === undefined) return;
    const found = new Map(entries.map((entry) => [entry.name, entry]));
    for (const recorded of expected.entries) {
      const path = joinPath(directory, recorded.name);
      if (!this.#hidden(path, recorded) && !isAsRecorded(recorded, found.get(recorded.name))) {
        this.damaged.push({ path, recorded });
      }
    }
  }

  /** What is left of the manifest was not met. MANIFEST_DAMAGED. */
  async end(): Promise<void> {
    await this.#passTo(undefined);
  }

  async close(): Promise<void> {
    await this.#listings.return?.();
  }

  /** Directories that come before were not met: all that was in them is missing. */
  async #passTo(directory: RelPath | undefined): Promise<RecordedListing | undefined> {
    for (;;) {
      if (this.#next === undefined && !this.#ended) {
        const { done, value } = await this.#listings.next();
        if (done === true) this.#ended = true;
        else this.#next = value;
      }
      if (this.#next === undefined) return undefined;
      const order = directory === undefined ? -1 : comparePaths(this.#next.path, directory);
      if (order > 0) return undefined;
      const listing = this.#next;
      this.#next = undefined;
      if (order === 0) return listing;
      this.#miss(listing);
    }
  }

  #miss({ path, entries }: RecordedListing): void {
    if (path === ROOT || this.#isBelowHidden(path)) return;
    for (const recorded of entries) {
      const inside = joinPath(path, recorded.name);
      if (!this.#hidden(inside, recorded)) this.damaged.push({ path: inside, recorded });
    }
  }

  #isBelowHidden(path: RelPath): boolean {
    const parts = path.split('/');
    return parts.some((_, i) => this.#hides(parts.slice(0, i + 1).join('/') as RelPath, true));
  }

  #hidden(path: RelPath, { type }: RecordedEntry): boolean {
    return this.#hides(path, type === 'directory');
  }
}

function isAsRecorded(recorded: RecordedEntry, found: RecordedEntry | undefined): boolean {
  if (found === undefined || found.type !== recorded.type) return false;
  if (recorded.type === 'symlink') return found.target === recorded.target;
  if (recorded.type !== 'file' || recorded.hash === undefined) return true;
  return found.hash === recorded.hash && found.size === recorded.size;
}
