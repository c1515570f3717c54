import { fromErrno } from '../system/errno.ts';
import { type CellarmanError, isFailure } from '../system/errors.ts';
import { EXIT } from './exit-status.ts';

/**
 * The first SIGINT, SIGTERM or SIGHUP aborts the signal that is returned, so that the run can stop cleanly; the second
 * ends the process at once. Standard output that takes no more stops the run as well, with the error as the reason: EPIPE
 * where its reader went away.
 */
export function stopOnSignals(exitNow: (status: number) => void): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) exitNow(EXIT.interrupted);
    controller.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  process.stdout.on('error', (error) => controller.abort(error));
  // Nobody is left who could be told.
  process.stderr.on('error', () => undefined);
  return controller.signal;
}

/** Whether an error only tells that nobody reads the output any more, which is no news to who closed it. */
export function isUnread(error: unknown, { reason }: AbortSignal): boolean {
  return (
    isFailure(error, 'ABORTED') && reason instanceof Error && 'code' in reason && reason.code === 'EPIPE'
  );
}

/** Why standard output took no more, where somebody meant to read it. */
export function outputProblem({ reason }: AbortSignal): CellarmanError | undefined {
  const code = reason instanceof Error && 'code' in reason ? reason.code : undefined;
  // The reason of a signal has a code as well, a number.
  return typeof code === 'string' && code !== 'EPIPE' ? fromErrno(reason, 'standard output') : undefined;
}

/** What ended a run: what it threw, or what made it stop. */
export function whatEnded(error: unknown, signal: AbortSignal): unknown {
  return isFailure(error, 'ABORTED') ? (outputProblem(signal) ?? error) : error;
}
