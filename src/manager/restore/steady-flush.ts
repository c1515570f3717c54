import { setTimeout as sleep } from 'node:timers/promises';
import type { Flusher } from '../../sync/endpoints/flusher.ts';
import type { ByteString } from '../../system/byte-string.ts';

/** Milliseconds at least between two flushes, which take the disk from everybody who uses it. */
const PAUSE = 1000;

/** Has what is written go to the disk while more is being written: little is left to wait for at the end. */
export class SteadyFlush {
  readonly #flusher: Flusher;
  readonly #directories: () => readonly ByteString[];
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(flusher: Flusher, directories: () => readonly ByteString[]) {
    this.#flusher = flusher;
    this.#directories = directories;
    this.#running = this.#run();
    // Told when it is asked for: an error of the disk is told once only, to whichever flush comes next.
    this.#running.catch(() => {});
  }

  /** The last flush. Throws what any of them met. */
  async finish(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#flusher.flush(this.#directories());
  }

  /** Resolves when none is under way any more, to what they met. */
  async abandon(): Promise<unknown> {
    this.#stop.abort();
    return await this.#running.catch((error: unknown) => error);
  }

  async #run(): Promise<void> {
    for (let pause = PAUSE; ; ) {
      await sleep(pause, undefined, { signal: this.#stop.signal }).catch(() => {});
      if (this.#stop.signal.aborted) return;
      const began = performance.now();
      await this.#flusher.flush(this.#directories());
      pause = Math.max(PAUSE, performance.now() - began);
    }
  }
}
