import type { Endpoint, NewContent, NewFile, WholeFile } from '../endpoint.ts';
import type { RelPath } from '../entry.ts';
import { joinPath } from '../path.ts';
import { isOfPath } from '../run-failure.ts';
import type { LaneContext } from './context.ts';
import { hasChanged } from './has-changed.ts';
import { inspectWhole } from './inspection.ts';
import { placesOf, readSmall, readsSmall, SMALL } from './read-small.ts';
import { copied, failed } from './results.ts';
import type { Batch, Task, TaskResult } from './task.ts';
import { asVanished } from './vanished.ts';

/**
 * Copies the small files of a batch where one of the endpoints is near and both take or give such files at once: most of a
 * tree's files are small, and then the steps of a copy cost more than its bytes. The results of those that it could not copy
 * so, because they have changed meanwhile for one, stay undefined: they go the long way.
 */
export async function copySmall(
  context: LaneContext,
  batch: Batch,
  results: (TaskResult | undefined)[],
): Promise<void> {
  const { destination, options, bandwidth } = context;
  if (bandwidth !== undefined || options.dryRun) return;
  const places = placesOf(batch, isSmallCopy);
  if (places.length === 0) return;
  const source = await context.source(batch.root);
  const copies = new SmallCopies(context, batch, places, results);
  if (destination.writeWhole !== undefined && readsSmall(source)) await copies.pull(source);
  else if (destination.makeMany !== undefined && source.readWhole !== undefined) await copies.push(source);
}

function isSmallCopy({ do: what, basis, entry, sourceName }: Task): boolean {
  return what === 'copy' && basis < 0 && entry.size <= SMALL && sourceName === undefined;
}

class SmallCopies {
  readonly #context: LaneContext;
  readonly #batch: Batch;
  readonly #places: readonly number[];
  readonly #results: (TaskResult | undefined)[];
  readonly #target: RelPath;
  /** Before any of them was read: whatever is modified later shows by its time. */
  readonly #readAt = Date.now();

  constructor(
    context: LaneContext,
    batch: Batch,
    places: readonly number[],
    results: (TaskResult | undefined)[],
  ) {
    this.#context = context;
    this.#batch = batch;
    this.#places = places;
    this.#results = results;
    this.#target = joinPath(context.options.base, batch.directory);
  }

  /** Each is made, near, when it has come. */
  async pull(source: Endpoint): Promise<void> {
    const { destination, signal, onBytes } = this.#context;
    await readSmall(source, this.#batch.directory, this.#batch, this.#places, signal, {
      take: (index, task, file) => {
        if (hasChanged(task.entry, file.after)) return;
        try {
          const result = this.#result(task, file);
          destination.writeWhole?.(this.#target, this.#newFile(task), this.#content(task, file));
          onBytes(task.entry.size);
          this.#results[index] = result;
        } catch (error) {
          if (!isOfPath(error)) throw error;
          this.#results[index] = failed(error);
        }
      },
      miss: (index, error) => this.#miss(index, error),
    });
  }

  /** Each is read, near, when its turn to be made has come. */
  async push(source: Endpoint): Promise<void> {
    const { destination, signal, onBytes } = this.#context;
    const { directory, tasks } = this.#batch;
    const files = this.#places.map((index) => this.#newFile(tasks[index] as Task));
    const read = new Map<number, TaskResult>();
    let failure: unknown;
    await destination.makeMany?.(this.#target, files, {
      content: (position) => {
        const index = this.#places[position] as number;
        const task = tasks[index] as Task;
        // What is not made now goes the long way, which ends when the run is given up.
        if (signal.aborted || failure !== undefined) return undefined;
        try {
          const file = source.readWhole?.(joinPath(directory, task.entry.name), task.entry.size);
          if (file === undefined || hasChanged(task.entry, file.after)) return undefined;
          read.set(position, this.#result(task, file));
          return this.#content(task, file);
        } catch (error) {
          if (isOfPath(error)) this.#miss(index, error);
          else failure = error;
          return undefined;
        }
      },
      made: (position) => {
        const index = this.#places[position] as number;
        onBytes((tasks[index] as Task).entry.size);
        this.#results[index] = read.get(position);
      },
      miss() {},
    });
    if (failure !== undefined) throw failure;
  }

  #miss(index: number, error: TaskResult['error']): void {
    if (error !== undefined) this.#results[index] = failed(asVanished(error));
  }

  #result({ entry }: Task, { blocks }: WholeFile): TaskResult {
    const { inspect, hashOf } = this.#context;
    const inspector = inspect?.(joinPath(this.#batch.directory, entry.name), entry);
    return copied(hashOf(blocks), this.#readAt, inspectWhole(inspector, blocks));
  }

  #newFile({ entry: { name, size }, replaces }: Task): NewFile {
    const { options, temporaryName } = this.#context;
    return { name, by: options.direct && !replaces ? undefined : temporaryName(name), size };
  }

  #content({ attributes }: Task, { blocks }: WholeFile): NewContent {
    return { blocks, attributes, sync: this.#context.options.fsync };
  }
}
