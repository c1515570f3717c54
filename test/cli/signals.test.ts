import { afterEach, expect, it } from 'vitest';
import { isUnread, outputProblem, stopOnSignals, whatEnded } from '../../src/cli/signals.ts';
import { failure } from '../../src/system/errors.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const before = new Map(SIGNALS.map((signal) => [signal, process.listeners(signal)]));

const added = (signal: (typeof SIGNALS)[number]) =>
  process.listeners(signal).filter((listener) => before.get(signal)?.includes(listener) === false);
const raise = (signal: (typeof SIGNALS)[number]): void => {
  for (const listener of added(signal)) listener(signal);
};

afterEach(() => {
  for (const signal of SIGNALS) for (const listener of added(signal)) process.off(signal, listener);
});

it.each(SIGNALS)('%s stops the run, and once more ends the process', (signal) => {
  const statuses: number[] = [];
  const stop = stopOnSignals((status) => statuses.push(status));
  expect(stop.aborted).toBe(false);
  raise(signal);
  expect(stop.aborted).toBe(true);
  expect(statuses).toEqual([]);
  raise('SIGTERM');
  expect(statuses).toEqual([20]);
});

it('a run that nobody reads on is told from one that was interrupted', () => {
  const unread = AbortSignal.abort(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
  expect(isUnread(failure('ABORTED'), unread)).toBe(true);
  expect(isUnread(failure('ABORTED'), AbortSignal.abort())).toBe(false);
  expect(isUnread(failure('NO_SPACE', { path: '/x' }), unread)).toBe(false);
});

it('output that cannot be written is what ended the run, not an interruption', () => {
  const full = AbortSignal.abort(Object.assign(new Error('write ENOSPC'), { code: 'ENOSPC' }));
  const unread = AbortSignal.abort(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
  const aborted = failure('ABORTED');
  expect(whatEnded(aborted, full)).toMatchObject({ code: 'NO_SPACE', facts: { path: 'standard output' } });
  expect(whatEnded(aborted, AbortSignal.abort())).toBe(aborted);
  expect(whatEnded(aborted, unread)).toBe(aborted);
  const other = failure('NO_SPACE', { path: '/x' });
  expect(whatEnded(other, full)).toBe(other);
  expect(outputProblem(unread)).toBe(undefined);
});
