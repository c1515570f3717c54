import type { Lsn } from '../../../postgres/lsn.ts';
import { type Segment, segmentAt, segmentName } from '../../../postgres/segment.ts';
import { descendsFrom, parseTimelineHistory, type TimelineSpan } from '../../../postgres/timeline.ts';
import { isFailure } from '../../../system/errors.ts';

/** A backup, as far as WAL is concerned. Segments by their numbers. */
export interface NeededFrom {
  readonly timeline: number;
  readonly begin: number;
  /** Undefined while the end of the backup has not been archived, and need not have been. */
  readonly end: number | undefined;
  /** Where the backup was consistent. */
  readonly endLsn: Lsn;
  /** Only the WAL of the backup itself is kept. */
  readonly standalone: boolean;
}

export interface PresentWal {
  /** Bytes. */
  readonly segmentSize: number;
  /** Numbers of segments by timeline, each list sorted. */
  readonly segments: ReadonlyMap<number, readonly number[]>;
  /** Texts of history files by timeline. */
  readonly histories: ReadonlyMap<number, string>;
}

/** Segments that follow each other and are not there. */
interface WalGap {
  readonly timeline: number;
  /** Names. */
  readonly first: string;
  readonly last: string;
  readonly count: number;
}

export interface Gaps {
  /** Sorted by timeline and name. */
  readonly gaps: readonly WalGap[];
  /** Timelines with WAL whose history file is missing or damaged: nothing older can be recovered into them. */
  readonly unknownTimelines: readonly number[];
}

/** From the first to the last segment, both included. */
type Range = readonly [first: number, last: number];

/**
 * What is missing of the WAL that the backups need: each its own, and all since then, on its timeline and on every one
 * that branched off behind it. A timeline ends in the segment before the one in which the next begins, since that one is
 * archived under the name of the next.
 *
 * @param reached the newest segment that is known to have been archived, where that is not seen by what is there.
 */
export function findGaps(backups: readonly NeededFrom[], present: PresentWal, reached?: Segment): Gaps {
  const { segmentSize } = present;
  const newest = (timeline: number): number =>
    Math.max(
      present.segments.get(timeline)?.at(-1) ?? -1,
      reached?.timeline === timeline ? reached.number : -1,
    );
  const timelines = [...new Set([...present.segments.keys(), ...(reached ? [reached.timeline] : [])])];
  const histories = new Map(timelines.map((timeline) => [timeline, historyOf(timeline, present.histories)]));

  const needed = new Map<number, Range[]>();
  const unknown = new Set<number>();
  const need = (timeline: number, first: number, last: number): void => {
    if (last >= first) needed.set(timeline, [...(needed.get(timeline) ?? []), [first, last]]);
  };
  for (const { timeline, begin, end, endLsn, standalone } of backups) {
    need(timeline, begin, end ?? newest(timeline));
    if (standalone) continue;
    need(timeline, begin, newest(timeline));
    for (const [later, history] of histories) {
      if (later <= timeline) continue;
      if (history === undefined) unknown.add(later);
      else if (descendsFrom(history, timeline, endLsn)) {
        for (const span of history.filter((each) => each.timeline >= timeline)) {
          need(
            span.timeline,
            span.timeline === timeline ? begin : segmentAt(span.begin, segmentSize),
            span.end === undefined ? newest(later) : segmentAt(span.end, segmentSize) - 1,
          );
        }
      }
    }
  }
  const gaps = [...needed]
    .sort(([a], [b]) => a - b)
    .flatMap(([timeline, ranges]) =>
      missing(merged(ranges), present.segments.get(timeline) ?? []).map(
        ([first, last]): WalGap => ({
          timeline,
          first: segmentName({ timeline, number: first }, segmentSize),
          last: segmentName({ timeline, number: last }, segmentSize),
          count: last - first + 1,
        }),
      ),
    );
  return { gaps, unknownTimelines: [...unknown].sort((a, b) => a - b) };
}

function historyOf(timeline: number, texts: PresentWal['histories']): readonly TimelineSpan[] | undefined {
  const text = texts.get(timeline);
  if (text === undefined) return undefined;
  try {
    return parseTimelineHistory(timeline, text);
  } catch (error) {
    if (isFailure(error)) return undefined;
    throw error;
  }
}

function merged(ranges: readonly Range[]): Range[] {
  const result: Range[] = [];
  for (const [first, last] of [...ranges].sort(([a], [b]) => a - b)) {
    const before = result.at(-1);
    if (before === undefined || first > before[1] + 1) result.push([first, last]);
    else if (last > before[1]) result[result.length - 1] = [before[0], last];
  }
  return result;
}

/** @param ranges sorted and apart; @param there sorted. */
function missing(ranges: readonly Range[], there: readonly number[]): Range[] {
  const result: Range[] = [];
  let at = 0;
  for (const [first, last] of ranges) {
    let next = first;
    while (at < there.length && (there[at] ?? 0) < first) at += 1;
    for (; at < there.length && (there[at] ?? 0) <= last; at += 1) {
      const number = there[at] ?? 0;
      if (number > next) result.push([next, number - 1]);
      next = number + 1;
    }
    if (next <= last) result.push([next, last]);
  }
  return result;
}
