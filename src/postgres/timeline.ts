import { failure } from '../system/errors.ts';
import { type Lsn, parseLsn } from './lsn.ts';

/** A stretch of WAL on one timeline, from `begin` on; `end` is where the next timeline took over, undefined for the last. */
export interface TimelineSpan {
  readonly timeline: number;
  readonly begin: Lsn;
  readonly end: Lsn | undefined;
}

const LINE = /^\s*(\d+)\s+([0-9A-Fa-f]{1,8}\/[0-9A-Fa-f]{1,8})/;

/**
 * The history of a timeline, oldest ancestor first, from the text of its `.history` file: a line for each ancestor with
 * its number, the position where it was left, and a reason for people (PostgreSQL `access/transam/timeline.c`).
 * Timeline 1 has no file: give an empty text. TIMELINE_HISTORY.
 */
export function parseTimelineHistory(timeline: number, text: string): TimelineSpan[] {
  const wrong = (detail: string): Error => failure('TIMELINE_HISTORY', { timeline, detail });
  const spans: TimelineSpan[] = [];
  let begin = 0n;
  let newest = 0;
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const [, ancestor, position] = LINE.exec(line) ?? [];
    if (ancestor === undefined || position === undefined) {
      throw wrong(`line ${index + 1} is not a timeline and a position`);
    }
    const end = parseLsn(position);
    if (Number(ancestor) <= newest) throw wrong(`line ${index + 1}: timelines are not in increasing order`);
    if (end < begin) throw wrong(`line ${index + 1}: positions are not in increasing order`);
    newest = Number(ancestor);
    spans.push({ timeline: newest, begin, end });
    begin = end;
  }
  if (newest >= timeline) throw wrong(`it names timeline ${newest} as an ancestor`);
  spans.push({ timeline, begin, end: undefined });
  return spans;
}

/** The span that holds the byte at a position. */
export function spanAt(history: readonly TimelineSpan[], lsn: Lsn): TimelineSpan | undefined {
  return history.find(({ begin, end }) => lsn >= begin && (end === undefined || lsn < end));
}

/**
 * Whether WAL up to a position on a timeline is part of this history: recovery that follows the history may then start
 * from a backup that ended there.
 */
export function descendsFrom(history: readonly TimelineSpan[], timeline: number, lsn: Lsn): boolean {
  const span = history.find((candidate) => candidate.timeline === timeline);
  return span !== undefined && (span.end === undefined || lsn <= span.end);
}
