import { formatLsn, type Lsn } from '../../postgres/lsn.ts';
import { segmentAt, segmentBefore } from '../../postgres/segment.ts';
import { failure } from '../../system/errors.ts';
import { type Chain, followChain } from './chain.ts';
import { findStop, reachOf, type Stop } from './stop-search.ts';
import type { RecoveryTarget, TimelineWish } from './target.ts';
import { chooseTimeline, type Lineage } from './timeline-choice.ts';
import { describeTarget, nearest, unreachable } from './unreachable.ts';
import type { ArchivedSegment, WalArchive } from './wal-archive.ts';
import type { ReadSegment } from './wal-events.ts';

/** What of a backup its recovery depends on. */
export interface BackupSpan {
  readonly begin: Lsn;
  /** Where it is consistent, on `timeline`. */
  readonly end: Lsn;
  readonly timeline: number;
  /** When it was asked to end, microseconds since the epoch. */
  readonly endTime: number | undefined;
}

/** Which WAL recovery needs, and where it stops. */
export interface WalPlan {
  readonly lineage: Lineage;
  /** In the order recovery reads them. */
  readonly segments: readonly ArchivedSegment[];
  /** Timelines whose history files belong to it. */
  readonly histories: readonly number[];
  readonly stop: Stop;
  /** How far the last segment has to be valid; undefined: to its end. */
  readonly needed: Lsn | undefined;
}

export interface WalQuestion {
  readonly backup: BackupSpan;
  readonly target: RecoveryTarget;
  readonly exclusive: boolean;
  readonly timeline: TimelineWish | undefined;
  readonly archive: WalArchive;
  /** The texts of all history files of the archive. */
  readonly histories: ReadonlyMap<number, string>;
}

/** Decides which WAL a restore needs. WAL_MISSING, RESTORE_TARGET, WAL_DAMAGED, TIMELINE_HISTORY: it cannot succeed. */
export async function planWal(question: WalQuestion, read: ReadSegment): Promise<WalPlan> {
  const { backup, target, exclusive, archive, histories } = question;
  const lineage = chooseTimeline(backup, question.timeline, histories);
  const chain = followChain(lineage.spans, backup.begin, archive);
  const { segmentSize } = archive;
  requireBackup(backup, chain, segmentSize);
  if (isBeforeEnd(target, backup)) throw tooEarly(target, backup);

  const found = await findStop(
    { target, exclusive, segments: chain.segments, segmentSize, consistent: backup.end },
    read,
  );
  if ('reached' in found) throw unreachable(target, chain, found, lineage.later);
  if (found.lsn !== undefined && found.lsn < backup.end) throw tooEarly(target, backup);
  if (target.kind === 'end' && chain.gap) throw await gapBeforeEnd(question, chain, read);
  const segments = chain.segments.slice(0, found.segments);
  // What was given up half-written, or lies beyond the target, may end anywhere behind the backup.
  const isWhole = target.kind === 'end' && segments.at(-1)?.partial !== true;
  const needed = isWhole ? undefined : (found.lsn ?? backup.end);
  const own = histories.has(lineage.timeline) ? lineage.spans.slice(1) : [];
  return { lineage, segments, histories: own.map(({ timeline }) => timeline), stop: found, needed };
}

/** Without all WAL from its beginning to its end a backup never becomes consistent. */
function requireBackup(backup: BackupSpan, chain: Chain, segmentSize: number): void {
  const needed = segmentBefore(backup.end, segmentSize) - segmentAt(backup.begin, segmentSize) + 1;
  if (chain.segments.length >= needed) return;
  const detail =
    'the backup is not consistent without it, so that it cannot be restored: choose another one, or archive the segment';
  throw failure('WAL_MISSING', { name: chain.missing, detail });
}

/** Of a quiet server the WAL would not tell. */
function isBeforeEnd(target: RecoveryTarget, { end, endTime }: BackupSpan): boolean {
  if (target.kind === 'time') return endTime !== undefined && target.time.epoch < endTime;
  return target.kind === 'lsn' && target.lsn < end;
}

function tooEarly(target: RecoveryTarget, { end }: BackupSpan): Error {
  return failure('RESTORE_TARGET', {
    detail: `${describeTarget(target)} lies before ${formatLsn(end)}, where the backup becomes consistent; choose an earlier backup (auto finds it for a time or LSN), or --target-immediate for the earliest state of this one`,
  });
}

async function gapBeforeEnd(
  { archive: { segmentSize } }: WalQuestion,
  chain: Chain,
  read: ReadSegment,
): Promise<Error> {
  const reached = await reachOf({ segments: chain.segments, segmentSize }, read);
  return failure('WAL_MISSING', {
    name: chain.missing,
    detail: `later ones are there, but recovery cannot pass it; ${nearest(reached)}`,
  });
}
