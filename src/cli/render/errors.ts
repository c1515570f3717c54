import { inspect } from 'node:util';
import { CellarmanError } from '../../system/errors.ts';

/** An error as one sentence on one line; with `debug` its stack and its causes below it. */
export function renderError(error: unknown, debug: boolean): string {
  const sentence = error instanceof CellarmanError ? error.message : `internal error: ${messageOf(error)}`;
  const line = `cellarman: ${sentence}\n`;
  return debug ? `${line}${inspect(error)}\n` : line;
}

function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return `${text.split('\n', 1)[0]}; --debug shows where`;
}
