import { checkAborted } from '../../system/abort.ts';
import type { ByteString } from '../../system/byte-string.ts';
import type { WholeFile, WholeFiles } from '../endpoint.ts';
import { joinPath } from '../path.ts';
import type { LaneContext } from './context.ts';
import { ONE_GO } from './copy-small.ts';
import { hasChanged } from './has-changed.ts';
import { inspectWhole } from './inspection.ts';
import { linkAll } from './link-all.ts';
import { NOTHING } from './results.ts';
import type { Batch, Task, TaskResult } from './task.ts';

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
  const { options, bandwidth } = context;
  if (bandwidth !== undefined || options.dryRun) return;
  const indexes: number[] = [];
  for (const [index, task] of batch.tasks.entries()) if (isSmallComparison(task)) indexes.push(index);
  if (indexes.length === 0) return;
  const source = await context.source(batch.root);
  if (source.readMany === undefined) return;
  const comparison = new SmallComparison(context, batch, indexes, results);
  const files = indexes.map((index) => taskAt(batch, index).entry);
  await source.readMany(batch.directory, files, comparison);
  if (comparison.failure !== undefined) throw comparison.failure;
  for (const [basis, linked] of comparison.toLink) {
    const sizes = [...linked.values()].map(([index]) => taskAt(batch, index).entry.size);
    const links = { basis, names: [...linked.keys()], sizes };
    const unlinked = await linkAll(context, { directory: batch.directory, links }, concurrency);
    for (const { name } of unlinked) linked.delete(name);
    for (const [index, result] of linked.values()) results[index] = result;
  }
}

function isSmallComparison({ do: what, entry, sourceName, knownHash, otherwise, replaces }: Task): boolean {
  if (what !== 'compare' || knownHash === undefined || entry.size > ONE_GO || sourceName !== undefined)
    return false;
  return otherwise === 'none' || (otherwise === 'link' && !replaces);
}

class SmallComparison implements WholeFiles {
  /** What ends the run. */
  failure: unknown;
  /** Files of equal content that have to be linked to their basis, by basis and name, with their results. */
  readonly toLink = new Map<number, Map<ByteString, readonly [index: number, result: TaskResult]>>();
  readonly #context: LaneContext;
  readonly #batch: Batch;
  readonly #indexes: readonly number[];
  readonly #results: (TaskResult | undefined)[];
  /** Before any of them was read: whatever is modified later shows by its time. */
  readonly #readAt = Date.now();

  constructor(
    context: LaneContext,
    batch: Batch,
    indexes: readonly number[],
    results: (TaskResult | undefined)[],
  ) {
    this.#context = context;
    this.#batch = batch;
    this.#indexes = indexes;
    this.#results = results;
  }

  take(position: number, { blocks, after }: WholeFile): void {
    if (this.failure !== undefined) return;
    const index = this.#indexes[position] as number;
    const { entry, knownHash, otherwise, basis } = taskAt(this.#batch, index);
    if (hasChanged(entry, after)) return;
    try {
      checkAborted(this.#context.signal);
      const hash = this.#context.hashOf(blocks);
      if (hash !== knownHash) return;
      const inspector = this.#context.inspect?.(joinPath(this.#batch.directory, entry.name), entry);
      const finding = inspectWhole(inspector, blocks);
      const equal = { ...NOTHING, hash, readAt: this.#readAt, finding, comparedBytes: entry.size };
      if (otherwise === 'none') this.#results[index] = { ...equal, outcome: 'kept' };
      else this.#linksTo(basis).set(entry.name, [index, { ...equal, outcome: 'linked' }]);
    } catch (error) {
      this.failure = error;
    }
  }

  /** The long way says why. */
  miss(): void {}

  #linksTo(basis: number): Map<ByteString, readonly [index: number, result: TaskResult]> {
    const known = this.toLink.get(basis);
    if (known !== undefined) return known;
    const links = new Map<ByteString, readonly [index: number, result: TaskResult]>();
    this.toLink.set(basis, links);
    return links;
  }
}

const taskAt = (batch: Batch, index: number): Task => batch.tasks[index] as Task;
