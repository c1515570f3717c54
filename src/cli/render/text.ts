import type { EntryEvent } from '../../sync/report.ts';
import { type ItemizeOptions, itemize, nameOf } from './itemize.ts';

export interface TextOptions extends ItemizeOptions {
  /** How often `-v` was given. */
  readonly verbosity: number;
  /** How often `-i` was given. */
  readonly itemize: number;
}

/** The line for one entry, undefined where rsync would print none. */
export function entryLine(event: EntryEvent, options: TextOptions): string | undefined {
  if (options.itemize > 0) return `${itemize(event, options)}\n`;
  if (options.verbosity === 0) return undefined;
  if (event.action === 'remove') return `deleting ${nameOf(event)}\n`;
  // Attributes alone are worth a line for directories only, unless more is asked for.
  const quiet = event.action === 'attributes' && event.kind !== 'directory';
  return quiet && options.verbosity < 2 ? undefined : `${nameOf(event)}\n`;
}
