import type { ByteString } from '../system/byte-string.ts';
import { toText } from '../system/byte-string.ts';
import { type CellarmanError, failure } from '../system/errors.ts';
import type { Endpoint } from './endpoint.ts';
import type { Entry, RelPath } from './entry.ts';
import { asVanished } from './lanes/vanished.ts';
import { ROOT } from './path.ts';
import { isOfPath } from './run-failure.ts';

/** One SRC of the command line: the content of a directory, or one entry of it. */
export interface SourceRoot {
  readonly endpoint: Endpoint;
  /** Translates owners to the destination's numbers. */
  readonly owners?: { map(entries: readonly Entry[]): Promise<readonly Entry[]> } | undefined;
  /** The one entry that is meant, and the name it gets in the destination; undefined for the whole content. */
  readonly only?: { readonly name: ByteString; readonly as: ByteString } | undefined;
}

export interface SourceListing {
  /** Sorted by raw bytes of the name in the destination. */
  readonly entries: readonly Entry[];
  /** Which roots each entry comes from; undefined where all come from the roots that were asked. */
  readonly roots: readonly (readonly number[])[] | undefined;
  /** Roots of which the directory could not be read. */
  readonly failures: readonly CellarmanError[];
  /** In no root the directory was entered, for it lies on another file system: what is in it is not known. */
  readonly outside: boolean;
}

/** All sources as the one tree that the destination shall become: directories of one name are merged, of files the first one counts. */
export class SourceTree {
  readonly roots: readonly SourceRoot[];
  readonly #oneFileSystem: boolean;
  readonly #fileSystems: (Promise<string | undefined> | undefined)[] = [];

  /** `oneFileSystem`: directories on another file system than their root are not entered. */
  constructor(roots: readonly SourceRoot[], oneFileSystem = false) {
    this.roots = roots;
    this.#oneFileSystem = oneFileSystem;
  }

  /** All roots, for the top directory. */
  get all(): readonly number[] {
    return this.roots.map((_, index) => index);
  }

  /** The directory whose content is copied, if one is. */
  async top(): Promise<Entry | undefined> {
    const root = this.roots.find(({ only }) => only === undefined);
    const entry = await root?.endpoint.follow(ROOT);
    if (root?.owners === undefined || entry === undefined) return entry;
    return (await root.owners.map([entry]))[0];
  }

  async list(path: RelPath, roots: readonly number[]): Promise<SourceListing> {
    const listed = await Promise.all(roots.map((root) => this.#listOne(path, root)));
    const failures = listed.flatMap((result) => (result.error === undefined ? [] : [result.error]));
    const first = listed[0];
    if (listed.length === 1 && first !== undefined)
      return { entries: first.entries, roots: undefined, failures, outside: first.outside === true };
    const merged = new Map<ByteString, { readonly entry: Entry; readonly roots: number[] }>();
    listed.forEach((result, index) => {
      for (const entry of result.entries) {
        const before = merged.get(entry.name);
        const root = roots[index] ?? 0;
        if (before === undefined) merged.set(entry.name, { entry, roots: [root] });
        else if (before.entry.type === 'directory' && entry.type === 'directory') before.roots.push(root);
      }
    });
    const sorted = [...merged.values()].sort((a, b) => (a.entry.name < b.entry.name ? -1 : 1));
    return {
      entries: sorted.map((one) => one.entry),
      roots: sorted.map((one) => one.roots),
      failures,
      outside: listed.every((result) => result.outside === true),
    };
  }

  /** The source's name for a path of the transfer, where it differs from the path's last component. */
  sourceName(path: RelPath, root: number): ByteString | undefined {
    const only = this.roots[root]?.only;
    return only !== undefined && only.as === path && only.name !== only.as ? only.name : undefined;
  }

  /** Each root has a file system of its own, as with rsync each argument has. */
  async #isOutside({ endpoint, only }: SourceRoot, index: number, path: RelPath): Promise<boolean> {
    if (!this.#oneFileSystem || endpoint.fileSystem === undefined || path === ROOT) return false;
    this.#fileSystems[index] ??= endpoint.fileSystem(only?.name ?? ROOT);
    return (await this.#fileSystems[index]) !== (await endpoint.fileSystem(path));
  }

  async #listOne(
    path: RelPath,
    index: number,
  ): Promise<{ entries: readonly Entry[]; error?: CellarmanError; outside?: boolean }> {
    const root = this.roots[index];
    if (root === undefined) return { entries: [] };
    try {
      if (await this.#isOutside(root, index, path)) return { entries: [], outside: true };
      const entries = await entriesOf(root, path);
      return { entries: root.owners === undefined ? entries : await root.owners.map(entries) };
    } catch (error) {
      if (!isOfPath(error)) throw error;
      return { entries: [], error: asVanished(error) };
    }
  }
}

async function entriesOf({ endpoint, only }: SourceRoot, path: RelPath): Promise<readonly Entry[]> {
  if (path !== ROOT || only === undefined) return await endpoint.list(path);
  const entry = await endpoint.lookup(only.name);
  if (entry === undefined) {
    const holder = endpoint.name.replace(/\/$/, '');
    throw failure('SOURCE_MISSING', { path: `${holder}/${toText(only.name)}` });
  }
  return [{ ...entry, name: only.as }];
}
