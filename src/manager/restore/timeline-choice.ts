import { formatLsn, type Lsn } from '../../postgres/lsn.ts';
import { descendsFrom, parseTimelineHistory, type TimelineSpan } from '../../postgres/timeline.ts';
import { historyFileName } from '../../postgres/wal-file-name.ts';
import { failure, isFailure } from '../../system/errors.ts';
import type { TimelineWish } from './target.ts';

/** What of a backup decides which timelines it can be recovered along. */
export interface BackupEnd {
  readonly timeline: number;
  /** Where the backup was consistent. */
  readonly end: Lsn;
}

/** A way through the WAL: the timelines from the first on, and the one recovery ends in. */
export interface Lineage {
  readonly timeline: number;
  readonly spans: readonly TimelineSpan[];
  /** Later timelines that the backup can be recovered along too. */
  readonly later: readonly number[];
}

/**
 * Chooses the timeline, and follows its history. Without a wish it is the backup's own, as with Barman.
 * RESTORE_TARGET where the backup is not part of the timeline's history; TIMELINE_HISTORY.
 * @param history the text of the history file of a timeline, undefined where it is not archived
 */
export function chooseTimeline(
  backup: BackupEnd,
  wish: TimelineWish | undefined,
  histories: ReadonlyMap<number, string>,
): Lineage {
  const later = [...histories.keys()]
    .filter((timeline) => timeline > backup.timeline && leadsThrough(backup, timeline, histories))
    .sort((a, b) => a - b);
  const timeline =
    wish === 'latest'
      ? (later.at(-1) ?? backup.timeline)
      : wish === 'current'
        ? backup.timeline
        : (wish ?? backup.timeline);
  return {
    timeline,
    spans: spansOf(backup, timeline, histories),
    later: later.filter((one) => one > timeline),
  };
}

function spansOf(
  backup: BackupEnd,
  timeline: number,
  histories: ReadonlyMap<number, string>,
): readonly TimelineSpan[] {
  const text = histories.get(timeline);
  if (text === undefined) {
    // Of the backup's own timeline, no more is needed than what comes from its beginning on.
    if (timeline === backup.timeline) return [{ timeline, begin: 0n, end: undefined }];
    throw failure('RESTORE_TARGET', {
      detail: `timeline ${timeline} is not known: the archive has no ${historyFileName(timeline)}`,
    });
  }
  const spans = parseTimelineHistory(timeline, text);
  if (descendsFrom(spans, backup.timeline, backup.end)) return spans;
  throw failure('RESTORE_TARGET', {
    detail: `the backup, which ended at ${formatLsn(backup.end)} on timeline ${backup.timeline}, is not part of the history of timeline ${timeline}: choose a backup from before that timeline began`,
  });
}

function leadsThrough(backup: BackupEnd, timeline: number, histories: ReadonlyMap<number, string>): boolean {
  try {
    return descendsFrom(
      parseTimelineHistory(timeline, histories.get(timeline) ?? ''),
      backup.timeline,
      backup.end,
    );
  } catch (error) {
    // A damaged history file matters only to who wants that timeline.
    if (isFailure(error)) return false;
    throw error;
  }
}
