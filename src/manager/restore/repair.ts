import type { Endpoint } from '../../sync/endpoint.ts';
import { localEndpoint } from '../../sync/endpoints/local.ts';
import type { RelPath } from '../../sync/entry.ts';
import { readManifest } from '../../sync/manifest/files.ts';
import { joinPath } from '../../sync/path.ts';
import { fromText, toText } from '../../system/byte-string.ts';
import { failure, isFailure } from '../../system/errors.ts';
import { loadXxh64 } from '../../system/xxh64.ts';
import { manifestOf, treeOf } from '../backup/own-files.ts';
import type { Layout } from '../catalogue/layout.ts';
import type { Damage } from './content-check.ts';
import { makeDirectory } from './copy-wal.ts';
import { writeContent } from './write-file.ts';

/** A file that was not taken from its own backup. */
export interface Repaired {
  readonly path: RelPath;
  readonly from: string;
}

/** Where an entry of the backup stands in the destination. */
export type Locate = (path: RelPath) => { readonly endpoint: Endpoint; readonly path: RelPath };

/**
 * Puts in place what was damaged, from other backups whose manifests name the same content; each copy is proved by its
 * hash before it counts. Gives what was repaired, and what nobody has.
 */
export async function repair(
  layout: Layout,
  others: readonly string[],
  damaged: readonly Damage[],
  locate: Locate,
): Promise<{ readonly repaired: readonly Repaired[]; readonly lost: readonly Damage[] }> {
  const repaired: Repaired[] = [];
  const left = new Map<RelPath, Damage>();
  const base = localEndpoint(fromText(layout.base));
  // Parents come before what they hold.
  for (const damage of damaged) {
    const { endpoint, path } = locate(damage.path);
    if (damage.recorded.type === 'directory') await makeDirectory(endpoint, path);
    else left.set(damage.path, damage);
  }
  for (const id of others) {
    if (left.size === 0) break;
    for (const [path, damage] of await findCopies(base, id, [...left.values()])) {
      if (!(await copyProven(base, path, damage, locate))) continue;
      left.delete(damage.path);
      repaired.push({ path: damage.path, from: id });
    }
  }
  return { repaired, lost: [...left.values()] };
}

const keyOf = (hash: string | undefined, size: number): string => `${hash}:${size}`;

/** Which files of a backup hold, by its manifest, what is wanted. */
async function findCopies(
  base: Endpoint,
  id: string,
  wanted: readonly Damage[],
): Promise<(readonly [path: RelPath, damage: Damage])[]> {
  const byContent = new Map<string, Damage[]>();
  for (const damage of wanted) {
    const key = keyOf(damage.recorded.hash, damage.recorded.size);
    byContent.set(key, [...(byContent.get(key) ?? []), damage]);
  }
  const found: (readonly [RelPath, Damage])[] = [];
  try {
    for await (const { path, entries } of await readManifest(base, manifestOf(id))) {
      for (const { name, type, hash, size } of entries) {
        if (type !== 'file' || hash === undefined) continue;
        for (const damage of byContent.get(keyOf(hash, size)) ?? [])
          found.push([joinPath(joinPath(treeOf(id), path), name), damage]);
      }
    }
  } catch (error) {
    // A backup without a manifest, or with a damaged one, has nothing to offer.
    if (!isFailure(error)) throw error;
  }
  return found;
}

/** False where that copy is damaged too. */
async function copyProven(
  base: Endpoint,
  from: RelPath,
  { path, recorded }: Damage,
  locate: Locate,
): Promise<boolean> {
  const to = locate(path);
  try {
    const file = await base.openRead(from);
    try {
      if ((await file.stat()).size !== recorded.size) return false;
      const sum = (await loadXxh64())();
      await writeContent(
        to.endpoint,
        to.path,
        { size: recorded.size, read: (start, end) => file.read(start, end) },
        { mode: recorded.mode, mtime: recorded.mtime },
        (block) => {
          sum.update(block);
          return undefined;
        },
        () => {
          if (sum.digest() !== recorded.hash) throw failure('CONTENT_LOST', { path: toText(from) });
        },
      );
      return true;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isFailure(error, 'CONTENT_LOST', 'NOT_FOUND', 'IO', 'PERMISSION_DENIED')) return false;
    throw error;
  }
}
