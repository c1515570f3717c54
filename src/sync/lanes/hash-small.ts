import { joinPath } from '../path.ts';
import type { LaneContext } from './context.ts';
import { inspectWhole } from './inspection.ts';
import { placesOf, readSmall, readsSmall, SMALL } from './read-small.ts';
import { NOTHING } from './results.ts';
import type { Batch, TaskResult } from './task.ts';

/**
 * Hashes the small files of a batch that stand in the destination, where that gives such files at once. The results of
 * those that cannot be read so stay undefined: they go the long way.
 */
export async function hashSmall(
  context: LaneContext,
  batch: Batch,
  results: (TaskResult | undefined)[],
): Promise<void> {
  const { destination, options, bandwidth, signal, inspect, hashOf } = context;
  if (bandwidth !== undefined || options.dryRun || !readsSmall(destination)) return;
  const places = placesOf(batch, ({ do: what, entry }) => what === 'hash' && entry.size <= SMALL);
  if (places.length === 0) return;
  await readSmall(destination, joinPath(options.base, batch.directory), batch, places, signal, {
    take(index, { entry }, { blocks }) {
      const finding = inspectWhole(inspect?.(joinPath(batch.directory, entry.name), entry), blocks);
      results[index] = { ...NOTHING, outcome: 'kept', hash: hashOf(blocks), finding };
    },
  });
}
