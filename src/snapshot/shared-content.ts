import type { Endpoint } from '../sync/endpoint.ts';
import type { FileIdentity, RelPath } from '../sync/entry.ts';
import { readManifest } from '../sync/manifest/files.ts';
import { ManifestCursor } from '../sync/manifest-cursor.ts';
import { joinPath } from '../sync/path.ts';
import { isFailure } from '../system/errors.ts';
import type { UnreadFile } from './compare-tree.ts';
import { manifestPath, type SnapshotId, treePath } from './layout.ts';

/**
 * Finds the files that a snapshot shares with the one before it, which has just been verified: what is the same file
 * under the same path need not be read again. Nothing is remembered but the files that were not right.
 */
export class SharedContent {
  readonly #endpoint: Endpoint;
  readonly #tree: RelPath;
  readonly #manifest: ManifestCursor;
  readonly #wrong: ReadonlySet<string>;

  constructor(endpoint: Endpoint, tree: RelPath, manifest: ManifestCursor, wrong: ReadonlySet<string>) {
    this.#endpoint = endpoint;
    this.#tree = tree;
    this.#manifest = manifest;
    this.#wrong = wrong;
  }

  /** Splits the files of a directory; directories come in the order of a walk. */
  async split(
    directory: RelPath,
    files: readonly UnreadFile[],
  ): Promise<{ readonly shared: readonly UnreadFile[]; readonly others: readonly UnreadFile[] }> {
    if (!files.some(({ found }) => (found.identity?.links ?? 1) > 1)) return { shared: [], others: files };
    const hashes = new Map((await this.#manifest.at(directory)).map(({ name, hash }) => [name, hash]));
    const before = new Map((await this.#list(directory)).map(({ name, identity }) => [name, identity]));
    const shared: UnreadFile[] = [];
    const others: UnreadFile[] = [];
    for (const file of files) {
      const { name, hash } = file.recorded;
      const { identity } = file.found;
      const same =
        identity !== undefined &&
        isSame(identity, before.get(name)) &&
        !this.#wrong.has(keyOf(identity)) &&
        hash !== undefined &&
        hashes.get(name) === hash;
      (same ? shared : others).push(file);
    }
    return { shared, others };
  }

  async close(): Promise<void> {
    await this.#manifest.close();
  }

  async #list(directory: RelPath) {
    try {
      return await this.#endpoint.list(joinPath(this.#tree, directory));
    } catch (error) {
      if (!isFailure(error) || error.code === 'CONNECTION_LOST') throw error;
      return [];
    }
  }
}

/** @param wrong files that were not right in it or in one before it, by {@link keyOf} */
export async function shareWith(
  endpoint: Endpoint,
  before: SnapshotId,
  wrong: ReadonlySet<string>,
): Promise<SharedContent> {
  const manifest = new ManifestCursor(await readManifest(endpoint, manifestPath(before)));
  return new SharedContent(endpoint, treePath(before), manifest, wrong);
}

export const keyOf = ({ device, inode }: FileIdentity): string => `${device}:${inode}`;

function isSame(a: FileIdentity, b: FileIdentity | undefined): boolean {
  return a.device === b?.device && a.inode === b.inode;
}
