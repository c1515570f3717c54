import type { CellarmanError } from '../../system/errors.ts';
import type { TaskResult } from './task.ts';

/** Of a task that made something and has nothing else to tell. */
export const NOTHING: TaskResult = {
  outcome: 'made',
  entry: undefined,
  hash: undefined,
  readAt: 0,
  finding: undefined,
  torn: false,
  comparedBytes: 0,
  error: undefined,
};

export const failed = (error: CellarmanError): TaskResult => ({ ...NOTHING, outcome: 'failed', error });

/** Of a file that was copied as it was listed. */
export function copied(hash: string, readAt: number, finding: unknown): TaskResult {
  return {
    outcome: 'copied',
    entry: undefined,
    hash,
    readAt,
    finding,
    torn: false,
    comparedBytes: 0,
    error: undefined,
  };
}
