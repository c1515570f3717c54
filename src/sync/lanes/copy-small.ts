import { checkAborted } from '../../system/abort.ts';
import type { Endpoint, WholeFile, WholeFiles } from '../endpoint.ts';
import type { RelPath } from '../entry.ts';
import { joinPath } from '../path.ts';
import { isOfPath } from '../run-failure.ts';
import type { LaneContext } from './context.ts';
import { hasChanged } from './has-changed.ts';
import { inspectWhole } from './inspection.ts';
import { copied, failed } from './results.ts';
import type { Batch, Task, TaskResult } from './task.ts';
import { asVanished } from './vanished.ts';

/** Files up to this size come in one read request of every endpoint, bytes. */
export const ONE_GO = 32 * 1024;

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
  const { destination, options, bandwidth } = context;
  if (bandwidth !== undefined || options.dryRun || !makesWhole(destination)) return;
  const indexes: number[] = [];
  for (const [index, task] of batch.tasks.entries()) if (isSmallCopy(task)) indexes.push(index);
  if (indexes.length === 0) return;
  const source = await context.source(batch.root);
  if (source.readMany === undefined) return;
  const copy = new SmallCopy(context, destination, batch, indexes, results);
  const files = indexes.map((index) => taskAt(batch, index).entry);
  await source.readMany(batch.directory, files, copy);
  if (copy.failure !== undefined) throw copy.failure;
}

function isSmallCopy({ do: what, basis, entry, sourceName }: Task): boolean {
  return what === 'copy' && basis < 0 && entry.size <= ONE_GO && sourceName === undefined;
}

type Maker = Endpoint & Required<Pick<Endpoint, 'writeWhole'>>;

function makesWhole(endpoint: Endpoint): endpoint is Maker {
  return endpoint.writeWhole !== undefined;
}

class SmallCopy implements WholeFiles {
  /** What ends the run. */
  failure: unknown;
  readonly #context: LaneContext;
  readonly #destination: Maker;
  readonly #batch: Batch;
  readonly #indexes: readonly number[];
  readonly #results: (TaskResult | undefined)[];
  readonly #target: RelPath;
  /** Before any of them was read: whatever is modified later shows by its time. */
  readonly #readAt = Date.now();

  constructor(
    context: LaneContext,
    destination: Maker,
    batch: Batch,
    indexes: readonly number[],
    results: (TaskResult | undefined)[],
  ) {
    this.#context = context;
    this.#destination = destination;
    this.#batch = batch;
    this.#indexes = indexes;
    this.#results = results;
    this.#target = joinPath(context.options.base, batch.directory);
  }

  take(position: number, file: WholeFile): void {
    if (this.failure !== undefined) return;
    const index = this.#indexes[position] as number;
    const task = taskAt(this.#batch, index);
    if (hasChanged(task.entry, file.after)) return;
    try {
      checkAborted(this.#context.signal);
      this.#results[index] = this.#copy(task, file);
    } catch (error) {
      if (isOfPath(error)) this.#results[index] = failed(error);
      else this.failure = error;
    }
  }

  miss(position: number, error: TaskResult['error']): void {
    if (error !== undefined) this.#results[this.#indexes[position] as number] = failed(asVanished(error));
  }

  #copy({ entry, attributes, replaces }: Task, { blocks }: WholeFile): TaskResult {
    const context = this.#context;
    const { name } = entry;
    const inspector = context.inspect?.(joinPath(this.#batch.directory, name), entry);
    const finding = inspectWhole(inspector, blocks);
    const hash = context.hashOf(blocks);
    const { direct, fsync } = context.options;
    this.#destination.writeWhole(joinPath(this.#target, name), {
      blocks,
      attributes,
      by: direct && !replaces ? undefined : context.temporaryName(name),
      sync: fsync,
    });
    context.onBytes(entry.size);
    return copied(hash, this.#readAt, finding);
  }
}

const taskAt = (batch: Batch, index: number): Task => batch.tasks[index] as Task;
