import { setTimeout as sleep } from 'node:timers/promises';
import { settleAll } from '../../system/settle-all.ts';
import { compareSmall } from './compare-small.ts';
import type { LaneContext } from './context.ts';
import { copySmall } from './copy-small.ts';
import { execute } from './execute.ts';
import { hashSmall } from './hash-small.ts';
import { linkAll } from './link-all.ts';
import type { Batch, BatchResult, Lane, TaskResult } from './task.ts';

/** What was begun may take so long to put away its temporary files when the lane is closed. */
const FAREWELL_MS = 10_000;

/**
 * A lane in this thread. Where the endpoints answer at once there is one task at a time; where they are far away,
 * many are under way together, over all batches.
 */
export function openLane(context: LaneContext, concurrency: number): Lane {
  const slots = new Slots(concurrency);
  const underWay = new Set<Promise<unknown>>();

  async function runBatch(batch: Batch): Promise<BatchResult> {
    const unlinked = await linkAll(context, batch, concurrency);
    const results: (TaskResult | undefined)[] = batch.tasks.map(() => undefined);
    await copySmall(context, batch, results);
    await compareSmall(context, batch, results, concurrency);
    await hashSmall(context, batch, results);
    if (concurrency === 1) {
      for (const [index, task] of batch.tasks.entries())
        results[index] ??= await execute(context, batch.root, batch.directory, task);
    } else {
      const running: Promise<void>[] = [];
      for (const [index, task] of batch.tasks.entries()) {
        if (results[index] !== undefined) continue;
        if (slots.full) await slots.free();
        const keep = (result: TaskResult): void => {
          results[index] = result;
        };
        const executing = slots.run(execute(context, batch.root, batch.directory, task).then(keep));
        // It may fail while another one is waited for.
        executing.catch(() => {});
        running.push(executing);
      }
      await settleAll(running);
    }
    return { results: results.filter((result) => result !== undefined), unlinked };
  }

  return {
    depth: concurrency,
    run(batch) {
      const running = runBatch(batch);
      const ended = (): void => void underWay.delete(running);
      underWay.add(running);
      running.then(ended, ended);
      return running;
    },
    async close() {
      if (underWay.size === 0) return;
      await Promise.race([Promise.allSettled(underWay), sleep(FAREWELL_MS, undefined, { ref: false })]);
    },
  };
}

/** Lets so many promises run at once. */
class Slots {
  readonly #most: number;
  #taken = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  get full(): boolean {
    return this.#taken >= this.#most;
  }

  async free(): Promise<void> {
    while (this.full) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async run<T>(promise: Promise<T>): Promise<T> {
    this.#taken++;
    try {
      return await promise;
    } finally {
      this.#taken--;
      this.#waiting.shift()?.();
    }
  }
}
