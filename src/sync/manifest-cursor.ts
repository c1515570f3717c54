import type { RelPath } from './entry.ts';
import type { RecordedEntry, RecordedListing } from './manifest/record.ts';
import { comparePaths } from './path.ts';

/** Reads a manifest alongside a walk in the same order, the next directory while the walk still waits for it. */
export class ManifestCursor {
  readonly #manifest: AsyncDisposable;
  readonly #listings: AsyncIterator<RecordedListing>;
  #next: RecordedListing | undefined;
  #ahead: Promise<IteratorResult<RecordedListing>> | undefined;
  #ended = false;

  constructor(manifest: AsyncIterable<RecordedListing> & AsyncDisposable) {
    this.#manifest = manifest;
    this.#listings = manifest[Symbol.asyncIterator]();
  }

  /** The recorded entries of a directory; none where the manifest does not know it. Paths must come in the order of a walk. */
  async at(path: RelPath): Promise<readonly RecordedEntry[]> {
    while (!this.#ended) {
      if (this.#next === undefined) {
        const { done, value } = await this.#read();
        if (done === true) {
          this.#ended = true;
          break;
        }
        this.#next = value;
      }
      const order = comparePaths(this.#next.path, path);
      if (order === 0) {
        this.#ahead ??= this.#listings.next();
        // Whoever asks for it sees the error.
        this.#ahead.catch(() => undefined);
        return this.#next.entries;
      }
      if (order > 0) break;
      this.#next = undefined;
    }
    return NONE;
  }

  /** Reads what is left, so that damage at the end is noticed. */
  async end(): Promise<void> {
    while (!this.#ended) this.#ended = (await this.#read()).done === true;
  }

  async close(): Promise<void> {
    // The iterator would not do: where it has not come to the file's later blocks it knows nothing of them.
    await this.#manifest[Symbol.asyncDispose]();
  }

  #read(): Promise<IteratorResult<RecordedListing>> {
    const next = this.#ahead ?? this.#listings.next();
    this.#ahead = undefined;
    return next;
  }
}

const NONE: readonly RecordedEntry[] = [];
