import type { Endpoint } from '../sync/endpoint.ts';
import type { Entry, EntryType, RelPath } from '../sync/entry.ts';
import type { Filter } from '../sync/filter.ts';
import type { KeptAttributes } from '../sync/manifest/format.ts';
import type { RecordedEntry, RecordedListing } from '../sync/manifest/record.ts';
import { comparePaths, joinPath, ROOT } from '../sync/path.ts';
import type { Change } from '../sync/report.ts';
import { checkAborted } from '../system/abort.ts';
import { type CellarmanError, isFailure } from '../system/errors.ts';
import { attributesDiffering } from './differing-attributes.ts';

/**
 * What is wrong with one path of a tree.
 * - `missing`: the manifest has it, the tree does not.
 * - `added`: the tree has it, the manifest does not.
 * - `damaged`: it is something else, or its content, size or target is another.
 * - `attributes`: only its mode, owner or time is another.
 * - `unreadable`: nothing can be said; `error` tells why.
 */
export interface Finding {
  readonly kind: 'missing' | 'added' | 'damaged' | 'attributes' | 'unreadable';
  readonly path: RelPath;
  readonly type: EntryType;
  readonly changes: readonly Change[];
  readonly error: CellarmanError | undefined;
}

/** A file whose content has still to be compared; everything else about it is right. */
export interface UnreadFile {
  readonly recorded: RecordedEntry;
  readonly found: Entry;
  /** Attributes that differ. */
  readonly changes: readonly Change[];
}

export interface TreeComparison {
  readonly endpoint: Endpoint;
  /** Where the tree stands. */
  readonly base: RelPath;
  readonly manifest: AsyncIterable<RecordedListing>;
  readonly keeps: KeptAttributes;
  /** Microseconds to which times are floored. */
  readonly precision: number;
  /** What it hides is not there, in the tree and in the manifest. */
  readonly filter: Filter | undefined;
  /** Takes the files of one directory whose size is right. */
  readonly onFiles: (directory: RelPath, files: readonly UnreadFile[]) => Promise<void>;
  readonly onFinding: (finding: Finding) => void;
  readonly signal: AbortSignal | undefined;
}

/** Listings under way at once where each takes a while. */
const LOOK_AHEAD = 16;

/** Compares a tree with its manifest, directory by directory. Ends when the manifest has proven to be whole. */
export async function compareTree(comparison: TreeComparison): Promise<void> {
  const { endpoint, manifest, signal } = comparison;
  const run = new Run(comparison);
  const ahead = endpoint.capabilities.concurrency > 1 ? LOOK_AHEAD : 1;
  const waiting: { readonly listing: RecordedListing; readonly found: Promise<Found> }[] = [];
  const next = async (): Promise<void> => {
    const first = waiting.shift();
    if (first !== undefined) await run.directory(first.listing, await first.found);
  };
  for await (const listing of manifest) {
    checkAborted(signal);
    if (run.isHidden(listing.path)) continue;
    const found = run.list(listing.path);
    found.catch(() => {});
    waiting.push({ listing, found });
    if (waiting.length >= ahead) await next();
  }
  while (waiting.length > 0) await next();
  await run.end();
}

type Found = readonly Entry[] | CellarmanError;

class Run {
  readonly #comparison: TreeComparison;
  /** Directories whose own sections are still to come, the next one last. */
  readonly #expected: RelPath[] = [];

  constructor(comparison: TreeComparison) {
    this.#comparison = comparison;
  }

  isHidden(directory: RelPath): boolean {
    const { filter } = this.#comparison;
    for (let at = 0; filter !== undefined && at >= 0; ) {
      at = directory.indexOf('/', at + 1);
      const part = at < 0 ? directory : (directory.slice(0, at) as RelPath);
      if (filter.hides(part, true)) return true;
    }
    return false;
  }

  /** The entries; none where the directory is gone, which its parent tells; or why they cannot be read. */
  async list(path: RelPath): Promise<Found> {
    const { endpoint, base } = this.#comparison;
    try {
      return await endpoint.list(joinPath(base, path));
    } catch (error) {
      if (isFailure(error, 'NOT_FOUND', 'NOT_A_DIRECTORY', 'SYMLINK_IN_PATH')) return [];
      if (isFailure(error, 'PERMISSION_DENIED', 'IO', 'NAME_TOO_LONG')) return error;
      throw error;
    }
  }

  async directory({ path, directory, entries }: RecordedListing, found: Found): Promise<void> {
    const { endpoint, base, filter } = this.#comparison;
    await this.#passUntil(path);
    if (path === ROOT) {
      const own = await endpoint.follow(base);
      if (own !== undefined) this.#attributes(path, directory, own);
    }
    if (!Array.isArray(found)) {
      this.#tell('unreadable', path, 'directory', [], found as CellarmanError);
      return;
    }
    const hides = (entry: Entry): boolean =>
      filter?.hides(joinPath(path, entry.name), entry.type === 'directory') === true;
    const expected = filter === undefined ? entries : entries.filter((entry) => !hides(entry));
    const standing: readonly Entry[] = filter === undefined ? found : found.filter((entry) => !hides(entry));
    const files: UnreadFile[] = [];
    let i = 0;
    for (const recorded of expected) {
      let entry = standing[i];
      for (; entry !== undefined && entry.name < recorded.name; entry = standing[++i]) {
        await this.#added(joinPath(path, entry.name), entry);
      }
      if (entry?.name === recorded.name) i++;
      else entry = undefined;
      this.#entry(joinPath(path, recorded.name), recorded, entry, files);
    }
    for (const entry of standing.slice(i)) await this.#added(joinPath(path, entry.name), entry);
    for (const entry of expected.toReversed()) {
      if (entry.type === 'directory') this.#expected.push(joinPath(path, entry.name));
    }
    if (files.length > 0) await this.#comparison.onFiles(path, files);
  }

  async end(): Promise<void> {
    await this.#passUntil(undefined);
  }

  /** A directory without a section was not read when the tree was made: whatever is in it was added. */
  async #passUntil(path: RelPath | undefined): Promise<void> {
    for (let next = this.#expected.at(-1); next !== undefined; next = this.#expected.at(-1)) {
      if (path !== undefined && comparePaths(next, path) > 0) return;
      this.#expected.pop();
      if (next === path) return;
      await this.#addedBelow(next);
    }
  }

  async #added(path: RelPath, entry: Entry): Promise<void> {
    this.#tell('added', path, entry.type);
    if (entry.type === 'directory') await this.#addedBelow(path);
  }

  async #addedBelow(path: RelPath): Promise<void> {
    checkAborted(this.#comparison.signal);
    const found = await this.list(path);
    if (!Array.isArray(found)) {
      this.#tell('unreadable', path, 'directory', [], found as CellarmanError);
      return;
    }
    const { filter } = this.#comparison;
    for (const entry of found as readonly Entry[]) {
      const below = joinPath(path, entry.name);
      if (filter?.hides(below, entry.type === 'directory') !== true) await this.#added(below, entry);
    }
  }

  #entry(path: RelPath, recorded: RecordedEntry, found: Entry | undefined, files: UnreadFile[]): void {
    if (found === undefined) {
      this.#tell('missing', path, recorded.type);
      return;
    }
    if (found.type !== recorded.type) {
      this.#tell('damaged', path, recorded.type, ['type']);
      return;
    }
    const changes = attributesDiffering(recorded, found, this.#comparison);
    if (found.size !== recorded.size) this.#tell('damaged', path, recorded.type, ['size', ...changes]);
    else if (found.target !== recorded.target)
      this.#tell('damaged', path, recorded.type, ['target', ...changes]);
    else if (recorded.type === 'file') files.push({ recorded, found, changes });
    else this.#attributes(path, recorded, found);
  }

  #attributes(path: RelPath, recorded: RecordedEntry, found: Entry): void {
    const changes = attributesDiffering(recorded, found, this.#comparison);
    if (changes.length > 0) this.#tell('attributes', path, recorded.type, changes);
  }

  #tell(
    kind: Finding['kind'],
    path: RelPath,
    type: EntryType,
    changes: readonly Change[] = [],
    error?: CellarmanError,
  ): void {
    this.#comparison.onFinding({ kind, path, type, changes, error });
  }
}
