import { descendants } from './process-tree.ts';

let received: string | undefined;

/** From now on SIGINT and SIGTERM end the processes we started, and {@link stopIfInterrupted} throws. */
export function watchSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // Often they come twice, from the terminal and from whoever started us.
    process.on(signal, () => {
      received = signal;
      for (const pid of descendants(process.pid)) end(pid);
    });
  }
}

/** Between two steps: unwinds, so that all is removed that was made. */
export function stopIfInterrupted(): void {
  if (received !== undefined) throw new Error(`stopped by ${received}`);
}

function end(pid: number): void {
  try {
    process.kill(pid);
  } catch {
    // It ended by itself.
  }
}
