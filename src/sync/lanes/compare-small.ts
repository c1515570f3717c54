import type { ByteString } from '../../system/byte-string.ts';
import { joinPath } from '../path.ts';
import type { LaneContext } from './context.ts';
import { hasChanged } from './has-changed.ts';
import { inspectWhole } from './inspection.ts';
import { linkAll } from './link-all.ts';
import { placesOf, readSmall, readsSmall, SMALL } from './read-small.ts';
import { NOTHING } from './results.ts';
import type { Batch, Task, TaskResult } from './task.ts';

/** Files of equal content that are to be linked to one basis, in the order of both lists. */
interface Links {
  readonly names: ByteString[];
  readonly sizes: number[];
  readonly results: Map<ByteString, readonly [index: number, result: TaskResult]>;
}

/**
 * Compares the small files of a batch with what a manifest vouches for, where the source gives such files at once. The
 * results of those that are not equal, or cannot be read or linked, stay undefined: they go the long way.
 */
export async function compareSmall(
  context: LaneContext,
  batch: Batch,
  results: (TaskResult | undefined)[],
  concurrency: number,
): Promise<void> {
  const { options, bandwidth, signal, inspect, hashOf } = context;
  const { directory } = batch;
  if (bandwidth !== undefined || options.dryRun) return;
  const places = placesOf(batch, isSmallComparison);
  if (places.length === 0) return;
  const source = await context.source(batch.root);
  if (!readsSmall(source)) return;
  // Before any of them was read: whatever is modified later shows by its time.
  const readAt = Date.now();
  const toLink = new Map<number, Links>();
  await readSmall(source, directory, batch, places, signal, {
    take(index, { entry, knownHash, otherwise, basis }, { blocks, after }) {
      if (hasChanged(entry, after)) return;
      const hash = hashOf(blocks);
      if (hash !== knownHash) return;
      const finding = inspectWhole(inspect?.(joinPath(directory, entry.name), entry), blocks);
      const equal = { ...NOTHING, hash, readAt, finding, comparedBytes: entry.size };
      if (otherwise === 'none') {
        results[index] = { ...equal, outcome: 'kept' };
        return;
      }
      const links: Links = toLink.get(basis) ?? { names: [], sizes: [], results: new Map() };
      toLink.set(basis, links);
      links.names.push(entry.name);
      links.sizes.push(entry.size);
      links.results.set(entry.name, [index, { ...equal, outcome: 'linked' }]);
    },
  });
  for (const [basis, { names, sizes, results: linked }] of toLink) {
    const links = { basis, names, sizes };
    for (const { name } of await linkAll(context, { directory, links }, concurrency)) linked.delete(name);
    for (const [index, result] of linked.values()) results[index] = result;
  }
}

function isSmallComparison({ do: what, entry, sourceName, knownHash, otherwise, replaces }: Task): boolean {
  if (what !== 'compare' || knownHash === undefined || entry.size > SMALL || sourceName !== undefined)
    return false;
  return otherwise === 'none' || (otherwise === 'link' && !replaces);
}
