import { failure } from './errors.ts';

/** Throws ABORTED once the signal was given. */
export function checkAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw failure('ABORTED', undefined, signal.reason);
}
