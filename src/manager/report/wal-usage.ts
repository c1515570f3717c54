import type { WalEntry } from '../catalogue/wal-entry.ts';

/** Segments in the archive that fall into one range. */
export interface WalSum {
  readonly files: number;
  /** Bytes as stored. */
  readonly bytes: number;
  /** Seconds since the epoch; null where there is none. */
  readonly first: number | null;
  readonly last: number | null;
  readonly lastName: string | null;
}

/** What the archive holds for one backup, on its own timeline. */
export interface WalUsage {
  /** From its first segment to its last. */
  readonly during: WalSum;
  /** From there to the last segment of the next backup, or to the end. */
  readonly after: WalSum;
}

export interface WalRange {
  readonly id: string;
  /** Names of segments. */
  readonly begin: string;
  readonly end: string;
  /** Last segment of the next backup. */
  readonly until: string | undefined;
}

interface OpenSum {
  files: number;
  bytes: number;
  first: number | null;
  last: number | null;
  lastName: string | null;
}

const SEGMENT = /^[0-9A-F]{24}$/;
const empty = (): OpenSum => ({ files: 0, bytes: 0, first: null, last: null, lastName: null });

/** Sums up for all backups in one walk through the index. */
export async function sumUpWal(
  ranges: readonly WalRange[],
  entries: AsyncIterable<WalEntry>,
): Promise<Map<string, WalUsage>> {
  const usage = new Map(ranges.map(({ id }) => [id, { during: empty(), after: empty() }]));
  for await (const entry of entries) {
    const { name } = entry;
    if (!SEGMENT.test(name)) continue;
    for (const { id, begin, end, until } of ranges) {
      if (name < begin || name.slice(0, 8) !== begin.slice(0, 8)) continue;
      if (name > end && until !== undefined && name > until) continue;
      const sums = usage.get(id);
      if (sums !== undefined) add(name > end ? sums.after : sums.during, entry);
    }
  }
  return usage;
}

function add(sum: OpenSum, { name, size, time }: WalEntry): void {
  sum.files += 1;
  sum.bytes += size;
  sum.first = sum.first === null ? time : Math.min(sum.first, time);
  sum.last = sum.last === null ? time : Math.max(sum.last, time);
  if (sum.lastName === null || name > sum.lastName) sum.lastName = name;
}

/** Segments a second from the first of a backup to the last before the end of the next one; 0 where that is no time. */
export function walRate({ during, after }: WalUsage): number {
  const first = during.first ?? after.first;
  const last = after.last ?? during.last;
  if (first === null || last === null || last <= first) return 0;
  return (during.files + after.files) / (last - first);
}

/** How much smaller than whole segments the files are, from 0 to 1. */
export function walSaving({ files, bytes }: WalSum, segmentSize: number): number {
  return files === 0 ? 0 : 1 - bytes / (files * segmentSize);
}
