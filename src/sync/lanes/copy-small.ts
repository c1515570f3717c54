import type { Endpoint, WholeFile } from '../endpoint.ts';
import { joinPath } from '../path.ts';
import { isOfPath } from '../run-failure.ts';
import type { LaneContext } from './context.ts';
import { hasChanged } from './has-changed.ts';
import { inspectWhole } from './inspection.ts';
import { ONE_GO, placesOf, readSmall, readsMany } from './read-small.ts';
import { copied, failed } from './results.ts';
import type { Batch, Task, TaskResult } from './task.ts';
import { asVanished } from './vanished.ts';

/**
 * Copies the small files of a batch where the endpoints take and give such files at once: most of a tree's files are small,
 * and then the steps of a copy cost more than its bytes. The results of those that it could not copy so, because they have
 * changed meanwhile for one, stay undefined: they go the long way.
 */
export async function copySmall(
  context: LaneContext,
  batch: Batch,
  results: (TaskResult | undefined)[],
): Promise<void> {
  const { destination, options, bandwidth, signal } = context;
  if (bandwidth !== undefined || options.dryRun || !makesWhole(destination)) return;
  const places = placesOf(batch, isSmallCopy);
  if (places.length === 0) return;
  const source = await context.source(batch.root);
  if (!readsMany(source)) return;
  const target = joinPath(options.base, batch.directory);
  // Before any of them was read: whatever is modified later shows by its time.
  const readAt = Date.now();

  function copy({ entry, attributes, replaces }: Task, { blocks }: WholeFile, maker: Maker): TaskResult {
    const { name } = entry;
    const inspector = context.inspect?.(joinPath(batch.directory, name), entry);
    const finding = inspectWhole(inspector, blocks);
    const hash = context.hashOf(blocks);
    maker.writeWhole(joinPath(target, name), {
      blocks,
      attributes,
      by: options.direct && !replaces ? undefined : context.temporaryName(name),
      sync: options.fsync,
    });
    context.onBytes(entry.size);
    return copied(hash, readAt, finding);
  }

  await readSmall(source, batch.directory, batch, places, signal, {
    take(index, task, file) {
      if (hasChanged(task.entry, file.after)) return;
      try {
        results[index] = copy(task, file, destination);
      } catch (error) {
        if (!isOfPath(error)) throw error;
        results[index] = failed(error);
      }
    },
    miss(index, error) {
      if (error !== undefined) results[index] = failed(asVanished(error));
    },
  });
}

function isSmallCopy({ do: what, basis, entry, sourceName }: Task): boolean {
  return what === 'copy' && basis < 0 && entry.size <= ONE_GO && sourceName === undefined;
}

type Maker = Endpoint & Required<Pick<Endpoint, 'writeWhole'>>;

function makesWhole(endpoint: Endpoint): endpoint is Maker {
  return endpoint.writeWhole !== undefined;
}
