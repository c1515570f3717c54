import { Piscina } from 'piscina';

/** Lanes by default: one for each core of a small machine. */
export const DEFAULT_JOBS = 2;

/** Started and not taken yet. */
const spare: Piscina[] = [];

/**
 * Starts threads for the next pool of lanes while the caller still looks at hosts and trees: a thread takes as long to
 * start as a connection to be made. Those that nobody took end with the handle.
 */
export function startThreads(count: number): AsyncDisposable {
  const threads = start(count);
  spare.push(threads);
  return {
    async [Symbol.asyncDispose]() {
      const index = spare.indexOf(threads);
      if (index < 0) return;
      spare.splice(index, 1);
      await threads.destroy();
    },
  };
}

/** Threads of the caller's own, which it destroys: such as were started before, or new ones. */
export function takeThreads(count: number): Piscina {
  const index = spare.findIndex(({ options }) => options.maxThreads === count);
  return (index < 0 ? undefined : spare.splice(index, 1)[0]) ?? start(count);
}

function start(count: number): Piscina {
  return new Piscina({
    filename: new URL('./lane-entry.cjs', import.meta.url).href,
    minThreads: count,
    maxThreads: count,
    // Lanes await their endpoints: the event loop of the thread must go on between messages.
    atomics: 'disabled',
  });
}
