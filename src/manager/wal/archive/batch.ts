import { parseWalFileName } from '../../../postgres/wal-file-name.ts';

/** What is in a directory to be archived, by name. */
export interface Batch {
  /** Sorted. */
  readonly files: readonly string[];
  /** What PostgreSQL never names a file. */
  readonly unknown: readonly string[];
}

/** From `incoming/`: everything but hidden and temporary files. */
export function incomingBatch(names: readonly string[]): Batch {
  return sortOut(visible(names));
}

/**
 * From `streaming/`, where a receiver is at work on the newest file: the newest `.partial`, or else the last file, which
 * may have been renamed before the next one began, is left to it.
 */
export function streamingBatch(names: readonly string[]): Batch {
  const present = visible(names);
  const current = present.findLast((name) => name.endsWith('.partial')) ?? present.findLast(isKnown);
  return sortOut(present.filter((name) => name !== current));
}

const visible = (names: readonly string[]): string[] =>
  names.filter((name) => !name.startsWith('.') && !name.endsWith('.tmp')).sort();

const isKnown = (name: string): boolean => parseWalFileName(name) !== undefined;

function sortOut(names: readonly string[]): Batch {
  return { files: names.filter(isKnown), unknown: names.filter((name) => !isKnown(name)) };
}
