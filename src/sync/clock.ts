import type { Entry } from './entry.ts';

/** How the source's clock stands to this machine's. */
export interface SourceClock {
  /** Microseconds to add to this machine's time to get the source's. */
  readonly offset: number;
  /** Microseconds by which that may be wrong. */
  readonly uncertainty: number;
}

/** The clock of a source on this machine. */
export const SAME_CLOCK: SourceClock = { offset: 0, uncertainty: 0 };

/** A file must be older than its reading by this, microseconds: time stamps come in steps, and writers take a moment. */
const MARGIN = 2_000_000;
const SECOND = 1_000_000;

/**
 * Whether a file read from `readAt` on (milliseconds, this machine's clock) can have been changed since without another
 * time stamp: it was modified in the second in which it was read, or so shortly before that nobody can tell.
 */
export function isRacy(entry: Entry, readAt: number, clock: SourceClock): boolean {
  const began = readAt * 1000 + clock.offset - clock.uncertainty;
  return entry.mtime >= Math.floor(began / SECOND) * SECOND - MARGIN;
}
