import { failure } from '../system/errors.ts';
import type { SnapshotId } from './layout.ts';

/** Which snapshots are kept: the newest so many, or all that are needed to go back so far. */
export type RetentionPolicy =
  | { readonly kind: 'redundancy'; readonly copies: number }
  | { readonly kind: 'window'; readonly days: number };

export interface DatedSnapshot {
  readonly id: SnapshotId;
  /** When it was complete, microseconds since the epoch. */
  readonly finished: number;
}

export interface RetentionVerdict {
  readonly id: SnapshotId;
  readonly keep: boolean;
  /** For people: a clause that completes "it is kept because" or "it goes because". */
  readonly reason: string;
}

/** As Barman counts them. */
const DAYS = { DAY: 1, WEEK: 7, MONTH: 31 } as const;
const DAY = 86_400_000_000;

/**
 * Reads `REDUNDANCY n` and `RECOVERY WINDOW OF n DAYS|WEEKS|MONTHS`, in any case; Barman's `retention_policy`. A policy
 * that would keep nothing is refused. USAGE.
 */
export function parseRetention(text: string): RetentionPolicy {
  const copies = /^\s*redundancy\s+(\d{1,9})\s*$/i.exec(text)?.[1];
  if (copies !== undefined && Number(copies) > 0) return { kind: 'redundancy', copies: Number(copies) };
  const [, amount, unit] =
    /^\s*recovery\s+window\s+of\s+(\d{1,9})\s+(day|week|month)s?\s*$/i.exec(text) ?? [];
  if (amount !== undefined && unit !== undefined) {
    return { kind: 'window', days: Number(amount) * DAYS[unit.toUpperCase() as keyof typeof DAYS] };
  }
  throw failure('USAGE', {
    detail: `"${text}" is no retention policy: "REDUNDANCY n" with n from 1 on, or "RECOVERY WINDOW OF n DAYS" (or WEEKS, MONTHS) is needed`,
  });
}

/**
 * Judges snapshots; the verdicts come in the order of age, the newest first. At least the newest one is always kept, and
 * with a window also the one that stood when the window began.
 * @param now microseconds since the epoch
 */
export function judgeSnapshots(
  snapshots: readonly DatedSnapshot[],
  policy: RetentionPolicy,
  now: number,
): RetentionVerdict[] {
  const newestFirst = snapshots.toSorted((a, b) => b.finished - a.finished || (a.id < b.id ? 1 : -1));
  return policy.kind === 'redundancy'
    ? newestFirst.map(({ id }, index) => byRedundancy(id, index, policy.copies))
    : byWindow(newestFirst, policy.days, now);
}

function byRedundancy(id: SnapshotId, newer: number, copies: number): RetentionVerdict {
  return newer < copies
    ? { id, keep: true, reason: `it is number ${newer + 1} of the newest ${copies}` }
    : {
        id,
        keep: false,
        reason: `${newer === 1 ? 'there is a newer one' : `there are ${newer} newer ones`}`,
      };
}

function byWindow(newestFirst: readonly DatedSnapshot[], days: number, now: number): RetentionVerdict[] {
  const start = now - days * DAY;
  let atStart: SnapshotId | undefined;
  return newestFirst.map(({ id, finished }) => {
    if (atStart !== undefined) {
      return { id, keep: false, reason: `${atStart} stood already when the last ${days} days began` };
    }
    if (finished >= start) return { id, keep: true, reason: `it was made within the last ${days} days` };
    atStart = id;
    return { id, keep: true, reason: `it is what stood when the last ${days} days began` };
  });
}
