import { setTimeout as sleep } from 'node:timers/promises';
import { checkAborted } from '../system/abort.ts';

/** Short waits are not worth their timer: a debt of this many milliseconds is slept off at once. */
const WORTH_SLEEPING = 20;
/** A sleeper looks so often whether the run was stopped, milliseconds. */
const LOOK_UP = 100;

/**
 * A rate limit shared by all lanes through one word of shared memory: the moment until which the line is taken, in
 * microseconds since `origin`. A lane that moves bytes pushes it back and waits for its turn.
 */
export class Bandwidth {
  readonly #bytesPerSecond: number;
  readonly #takenUntil: BigInt64Array;

  constructor(share: BandwidthShare) {
    this.#bytesPerSecond = share.bytesPerSecond;
    this.#takenUntil = new BigInt64Array(share.memory);
  }

  /** Resolves when `bytes` more may have passed. */
  async pass(bytes: number, signal: AbortSignal): Promise<void> {
    const cost = BigInt(Math.ceil((bytes * 1e6) / this.#bytesPerSecond));
    const now = BigInt(Date.now()) * 1000n;
    const taken = Atomics.load(this.#takenUntil, 0);
    // An idle line earns no credit: start from now. Losing this race to another lane costs one block of accuracy.
    if (taken < now) Atomics.compareExchange(this.#takenUntil, 0, taken, now);
    const until = Atomics.add(this.#takenUntil, 0, cost) + cost;
    let wait = Number(until - now) / 1000;
    if (wait < WORTH_SLEEPING) return;
    // Hundreds may be waiting here: each with a listener of its own on the signal would be too many for it.
    for (; wait > 0; wait -= LOOK_UP) {
      await sleep(Math.min(wait, LOOK_UP));
      checkAborted(signal);
    }
  }
}

/** What lanes in other threads need to share one limit. */
export interface BandwidthShare {
  readonly bytesPerSecond: number;
  readonly memory: SharedArrayBuffer;
}

export function shareBandwidth(bytesPerSecond: number): BandwidthShare {
  return { bytesPerSecond, memory: new SharedArrayBuffer(8) };
}
