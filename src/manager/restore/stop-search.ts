import type { Lsn } from '../../postgres/lsn.ts';
import { segmentAt, segmentBefore } from '../../postgres/segment.ts';
import type { WalEnd } from '../../postgres/wal/reader.ts';
import type { RecoveryEvent } from '../../postgres/wal/recovery-event.ts';
import type { RecoveryTarget } from './target.ts';
import type { ArchivedSegment } from './wal-archive.ts';
import { type PlacedRecord, type ReadSegment, scanWal } from './wal-events.ts';

export type TransactionEnd = Extract<RecoveryEvent, { readonly kind: 'commit' | 'abort' }>;

/** Where recovery will stop. */
export interface Stop {
  /** How many segments of the chain it reads until then. */
  readonly segments: number;
  /** The record that makes it stop; undefined where it does not stop at a record. */
  readonly lsn: Lsn | undefined;
  /** The last transaction that is committed then, where one was seen on the way. */
  readonly lastCommit: TransactionEnd | undefined;
}

/** The target is not in these segments. */
export interface NoStop {
  readonly reached: WalReach;
  /** The WAL is not valid from here on, before its last segment. */
  readonly damage: { readonly segment: ArchivedSegment; readonly end: WalEnd } | undefined;
}

/** How far WAL goes. */
export interface WalReach {
  /** The last record; undefined where there is none. */
  readonly lsn: Lsn | undefined;
  readonly lastCommit: TransactionEnd | undefined;
}

export interface StopQuestion {
  readonly target: RecoveryTarget;
  /** Stop before the target instead of behind it. */
  readonly exclusive: boolean;
  /** Consecutive, from the one the backup begins in. */
  readonly segments: readonly ArchivedSegment[];
  readonly segmentSize: number;
  /** Where the backup is consistent. */
  readonly consistent: Lsn;
}

/** As PostgreSQL decides it (`recoveryStopsBefore`, `recoveryStopsAfter`), on the segments alone. */
export async function findStop(question: StopQuestion, read: ReadSegment): Promise<Stop | NoStop> {
  const { target, segments, segmentSize, consistent } = question;
  const first = segments[0]?.number ?? 0;
  const until = (end: Lsn): number => segmentBefore(end, segmentSize) - first + 1;
  switch (target.kind) {
    case 'end': {
      const { lastCommit } = await reachOf(question, read);
      return { segments: segments.length, lsn: undefined, lastCommit };
    }
    case 'immediate':
      return { segments: until(consistent), lsn: undefined, lastCommit: undefined };
    case 'lsn':
      return search(question, read, segmentAt(target.lsn, segmentSize) - first);
    case 'time':
      return search(question, read, await lastBefore(question, read));
    default:
      return search(question, read, 0);
  }
}

async function search(question: StopQuestion, read: ReadSegment, from: number): Promise<Stop | NoStop> {
  const { segments, segmentSize } = question;
  const first = segments[0]?.number ?? 0;
  const later = segments.slice(Math.max(from, 0));
  let lastCommit: TransactionEnd | undefined;
  let found: PlacedRecord | undefined;
  const end = await scanWal(later, segmentSize, read, (record) => {
    const stops = stopsAt(question, record);
    if (record.event?.kind === 'commit' && stops !== 'before') lastCommit = record.event;
    if (stops !== undefined) found = record;
    return stops !== undefined;
  });
  if (found !== undefined) {
    return { segments: segmentBefore(found.end, segmentSize) - first + 1, lsn: found.lsn, lastCommit };
  }
  const segment = end && segments[segmentAt(end.lsn, segmentSize) - first];
  const damage =
    end !== undefined && segment !== undefined && segment !== segments.at(-1) ? { segment, end } : undefined;
  return { reached: await reachOf(question, read, segment), damage };
}

function stopsAt(
  { target, exclusive }: StopQuestion,
  { lsn, event }: PlacedRecord,
): 'before' | 'after' | undefined {
  const beside = exclusive ? 'before' : 'after';
  const isEnd = event?.kind === 'commit' || event?.kind === 'abort';
  switch (target.kind) {
    case 'lsn':
      return lsn >= target.lsn ? beside : undefined;
    case 'xid':
      return isEnd && event.transaction === target.transaction ? beside : undefined;
    case 'name':
      return event?.kind === 'restore point' && event.name === target.name ? 'after' : undefined;
    case 'time':
      return isEnd && isBeyond(event, target.time.epoch, exclusive) ? 'before' : undefined;
    default:
      return undefined;
  }
}

const isBeyond = ({ time }: TransactionEnd, target: number, exclusive: boolean): boolean =>
  exclusive ? time >= target : time > target;

/**
 * The last segment whose first transaction did not end beyond the time, found by halving: few segments need to be
 * decompressed. Times need not rise strictly from record to record; then the search may find a later stop than recovery
 * will make, and a segment too many is copied.
 */
async function lastBefore(question: StopQuestion, read: ReadSegment): Promise<number> {
  const { target, segments, exclusive } = question;
  if (target.kind !== 'time') return 0;
  let low = 0;
  let high = segments.length;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    let at = middle;
    let event = await firstEnd(question, at, read);
    while (event === undefined && ++at < high) event = await firstEnd(question, at, read);
    if (event === undefined || isBeyond(event, target.time.epoch, exclusive)) high = middle;
    else low = at;
  }
  return low;
}

async function firstEnd(
  { segments, segmentSize }: StopQuestion,
  index: number,
  read: ReadSegment,
): Promise<TransactionEnd | undefined> {
  let first: TransactionEnd | undefined;
  await scanWal(segments.slice(index, index + 1), segmentSize, read, ({ event }) => {
    if (event?.kind === 'commit' || event?.kind === 'abort') first = event;
    return first !== undefined;
  });
  return first;
}

/** Segments that are looked through, from the last one back, for one with a commit. */
const LOOK_BACK = 8;

/** What the last segments hold, up to and with `last`. */
export async function reachOf(
  { segments, segmentSize }: Pick<StopQuestion, 'segments' | 'segmentSize'>,
  read: ReadSegment,
  last?: ArchivedSegment,
): Promise<WalReach> {
  let lsn: Lsn | undefined;
  let index = last === undefined ? segments.length - 1 : segments.indexOf(last);
  for (const least = Math.max(0, index - LOOK_BACK + 1); index >= least; index--) {
    let lastCommit: TransactionEnd | undefined;
    let lastRecord: Lsn | undefined;
    await scanWal(segments.slice(index, index + 1), segmentSize, read, (record) => {
      lastRecord = record.lsn;
      if (record.event?.kind === 'commit') lastCommit = record.event;
      return false;
    });
    lsn ??= lastRecord;
    if (lastCommit !== undefined) return { lsn, lastCommit };
  }
  return { lsn, lastCommit: undefined };
}
