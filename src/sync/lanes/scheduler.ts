import type { NotedBatch } from '../batching.ts';
import type { BatchResult, Lane } from './task.ts';

/** Files from this size on are carried largest first, so that no lane is left alone with a long one at the end. */
const LARGE = 4 * 1024 * 1024;
/** Tasks that may wait before whoever adds more has to wait too: enough for exact totals early, not for all memory. */
const MOST_WAITING = 20_000;

/** Taken batches are cut off the queue so many at a time: cutting each one would move all the others each time. */
const FORGET_AFTER = 1024;

/** Spreads batches over lanes. */
export class Scheduler<N> {
  readonly #lanes: readonly LaneLoad[];
  readonly #onResult: (noted: NotedBatch<N>, result: BatchResult) => void;
  readonly #small: (NotedBatch<N> | undefined)[] = [];
  #head = 0;
  /** Sorted by size, the largest last. */
  readonly #large: { readonly noted: NotedBatch<N>; readonly size: number }[] = [];
  #waiting = 0;
  #running = 0;
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void)[] = [];

  constructor(lanes: readonly Lane[], onResult: (noted: NotedBatch<N>, result: BatchResult) => void) {
    this.#lanes = lanes.map((lane) => ({ lane, batches: 0, tasks: 0 }));
    this.#onResult = onResult;
  }

  /** Resolves when there is room for more. Rejects once any batch has failed. */
  async add(noted: NotedBatch<N>): Promise<void> {
    const { tasks } = noted.batch;
    const size = tasks[0]?.do === 'link' ? 0 : (tasks[0]?.entry.size ?? 0);
    if (tasks.length === 1 && size >= LARGE) this.#insertLarge(noted, size);
    else this.#small.push(noted);
    this.#waiting += noted.notes.length;
    this.#dispatch();
    while (this.#waiting > MOST_WAITING && this.#failure === undefined) await this.#change();
    this.#check();
  }

  /** Resolves when all that was added is done. */
  async drain(): Promise<void> {
    while (this.#running > 0 || (this.#waiting > 0 && this.#failure === undefined)) await this.#change();
    this.#check();
  }

  #insertLarge(noted: NotedBatch<N>, size: number): void {
    let low = 0;
    let high = this.#large.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#large[middle]?.size ?? 0) < size) low = middle + 1;
      else high = middle;
    }
    this.#large.splice(low, 0, { noted, size });
  }

  #next(): NotedBatch<N> | undefined {
    const large = this.#large.pop();
    if (large !== undefined) return large.noted;
    const small = this.#small[this.#head];
    if (small === undefined) return undefined;
    // All that is known of its files would live until the queue is cut.
    this.#small[this.#head] = undefined;
    if (++this.#head === FORGET_AFTER) {
      this.#small.splice(0, this.#head);
      this.#head = 0;
    }
    return small;
  }

  #dispatch(): void {
    while (this.#failure === undefined) {
      const load = this.#freeLane();
      const noted = load === undefined ? undefined : this.#next();
      if (load === undefined || noted === undefined) return;
      this.#waiting -= noted.notes.length;
      void this.#run(load, noted);
    }
  }

  /** The lane with the least to do, if it could do with more: one batch at work and one waiting, or a full window. */
  #freeLane(): LaneLoad | undefined {
    let best: LaneLoad | undefined;
    for (const load of this.#lanes) {
      const hungry = load.batches < 2 || load.tasks < 2 * load.lane.depth;
      if (hungry && (best === undefined || load.tasks < best.tasks)) best = load;
    }
    return best;
  }

  async #run(load: LaneLoad, noted: NotedBatch<N>): Promise<void> {
    load.batches++;
    load.tasks += noted.notes.length;
    this.#running++;
    try {
      this.#onResult(noted, await load.lane.run(noted.batch));
    } catch (error) {
      this.#failure ??= { error };
    } finally {
      load.batches--;
      load.tasks -= noted.notes.length;
      this.#running--;
      this.#dispatch();
      const wake = this.#wake;
      this.#wake = [];
      for (const resolve of wake) resolve();
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

interface LaneLoad {
  readonly lane: Lane;
  batches: number;
  tasks: number;
}
