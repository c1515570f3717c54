import { EXIT } from './exit-status.ts';

/**
 * The first SIGINT, SIGTERM or SIGHUP aborts the signal that is returned, so that the run can stop cleanly; the second
 * ends the process at once. A reader of standard output that went away (EPIPE) stops the run as well.
 */
export function stopOnSignals(exitNow: (status: number) => void): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) exitNow(EXIT.interrupted);
    controller.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  process.stdout.on('error', () => controller.abort());
  // Nobody is left who could be told.
  process.stderr.on('error', () => undefined);
  return controller.signal;
}
