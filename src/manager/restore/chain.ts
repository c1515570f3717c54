import type { Lsn } from '../../postgres/lsn.ts';
import { segmentAt, segmentName } from '../../postgres/segment.ts';
import type { TimelineSpan } from '../../postgres/timeline.ts';
import type { ArchivedSegment, WalArchive } from './wal-archive.ts';

/** The segments recovery would read one after another, as far as they are archived. */
export interface Chain {
  readonly segments: readonly ArchivedSegment[];
  /** The first one that is not there. */
  readonly missing: string;
  /** Later ones are there: it is a gap, not the end of what was archived. */
  readonly gap: boolean;
}

/**
 * Follows a timeline's history from a position. Where a timeline was left within a segment, the new timeline's file of
 * that number counts: it begins with a copy of the old one's, and PostgreSQL looks for it first.
 */
export function followChain(
  spans: readonly TimelineSpan[],
  begin: Lsn,
  archive: Pick<WalArchive, 'find' | 'newest' | 'segmentSize'>,
): Chain {
  const { segmentSize } = archive;
  const timelineOf = (number: number): number =>
    spans.findLast((span) => segmentAt(span.begin, segmentSize) <= number)?.timeline ??
    spans[0]?.timeline ??
    1;
  const segments: ArchivedSegment[] = [];
  for (let number = segmentAt(begin, segmentSize); ; number++) {
    const timeline = timelineOf(number);
    const segment = archive.find(timeline, number);
    if (segment !== undefined) segments.push(segment);
    if (segment === undefined || segment.partial) {
      const next = segment === undefined ? number : number + 1;
      return {
        segments,
        missing: segmentName({ timeline: timelineOf(next), number: next }, segmentSize),
        gap: spans.some(
          (span) =>
            archive.newest(span.timeline) >= next &&
            timelineOf(archive.newest(span.timeline)) === span.timeline,
        ),
      };
    }
  }
}
