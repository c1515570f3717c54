import { checkAborted } from '../../system/abort.ts';
import type { WholeFile, WholeFiles } from '../endpoint.ts';
import { joinPath } from '../path.ts';
import type { LaneContext } from './context.ts';
import { ONE_GO } from './copy-small.ts';
import { inspectWhole } from './inspection.ts';
import { NOTHING } from './results.ts';
import type { Batch, Task, TaskResult } from './task.ts';

/**
 * Hashes the small files of a batch that stand in the destination, where that gives such files at once. The results of
 * those that cannot be read so stay undefined: they go the long way.
 */
export async function hashSmall(
  context: LaneContext,
  batch: Batch,
  results: (TaskResult | undefined)[],
): Promise<void> {
  const { destination, options, bandwidth } = context;
  if (bandwidth !== undefined || options.dryRun || destination.readMany === undefined) return;
  const indexes: number[] = [];
  for (const [index, { do: what, entry }] of batch.tasks.entries())
    if (what === 'hash' && entry.size <= ONE_GO) indexes.push(index);
  if (indexes.length === 0) return;
  const hashing = new SmallHashing(context, batch, indexes, results);
  const files = indexes.map((index) => taskAt(batch, index).entry);
  await destination.readMany(joinPath(options.base, batch.directory), files, hashing);
  if (hashing.failure !== undefined) throw hashing.failure;
}

class SmallHashing implements WholeFiles {
  /** What ends the run. */
  failure: unknown;
  readonly #context: LaneContext;
  readonly #batch: Batch;
  readonly #indexes: readonly number[];
  readonly #results: (TaskResult | undefined)[];

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

  take(position: number, { blocks }: WholeFile): void {
    if (this.failure !== undefined) return;
    const index = this.#indexes[position] as number;
    const { entry } = taskAt(this.#batch, index);
    const { signal, inspect, hashOf } = this.#context;
    try {
      checkAborted(signal);
      const inspector = inspect?.(joinPath(this.#batch.directory, entry.name), entry);
      const finding = inspectWhole(inspector, blocks);
      this.#results[index] = { ...NOTHING, outcome: 'kept', hash: hashOf(blocks), finding };
    } catch (error) {
      this.failure = error;
    }
  }

  /** The long way says why. */
  miss(): void {}
}

const taskAt = (batch: Batch, index: number): Task => batch.tasks[index] as Task;
