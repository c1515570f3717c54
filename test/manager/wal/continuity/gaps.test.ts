import { describe, expect, it } from 'vitest';
import { tellGaps } from '../../../../src/manager/wal/continuity/continuity.ts';
import { findGaps, type NeededFrom, type PresentWal } from '../../../../src/manager/wal/continuity/gaps.ts';
import { parseLsn } from '../../../../src/postgres/lsn.ts';

const SIZE = 16 * 1024 * 1024;

/** Segments by timeline as `1-5,7`. */
function present(segments: Record<number, string>, histories: Record<number, string> = {}): PresentWal {
  const numbers = (ranges: string) =>
    ranges.split(',').flatMap((range) => {
      const [first = 0, last = first] = range.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
  return {
    segmentSize: SIZE,
    segments: new Map(Object.entries(segments).map(([tli, ranges]) => [Number(tli), numbers(ranges)])),
    histories: new Map(Object.entries(histories).map(([tli, text]) => [Number(tli), text])),
  };
}

const backup = (begin: number, end: number, more: Partial<NeededFrom> = {}): NeededFrom => ({
  timeline: 1,
  begin,
  end,
  endLsn: BigInt(end) * BigInt(SIZE) + 256n,
  standalone: false,
  ...more,
});

const gapsOf = (...args: Parameters<typeof findGaps>) =>
  findGaps(...args).gaps.map(
    ({ timeline, first, last }) => `${timeline}:${first.slice(-2)}-${last.slice(-2)}`,
  );

describe('gaps on one timeline', () => {
  it('are none where every segment since the oldest backup is there', () => {
    expect(gapsOf([backup(3, 4), backup(7, 7)], present({ 1: '1,3-9' }))).toEqual([]);
  });

  it('are told by first and last segment', () => {
    expect(gapsOf([backup(3, 4)], present({ 1: '3-4,6,9-12' }))).toEqual(['1:05-05', '1:07-08']);
  });

  it('reach across the 4 GB stretches of names', () => {
    const [gap] = findGaps([backup(254, 254)], present({ 1: '254,258' })).gaps;
    expect(gap).toEqual({
      timeline: 1,
      first: '0000000100000000000000FF',
      last: '000000010000000100000001',
      count: 3,
    });
  });

  it('include the end of a finished backup, and not that of one that waits', () => {
    expect(gapsOf([backup(3, 5)], present({ 1: '3' }))).toEqual(['1:04-05']);
    expect(gapsOf([backup(3, 5, { end: undefined })], present({ 1: '3' }))).toEqual([]);
  });

  it('are looked for up to what PostgreSQL says it has archived', () => {
    expect(gapsOf([backup(3, 3)], present({ 1: '3-4' }), { timeline: 1, number: 6 })).toEqual(['1:05-06']);
    expect(gapsOf([backup(3, 3)], present({ 1: '3-4' }), { timeline: 1, number: 2 })).toEqual([]);
  });

  it('are not between a backup that stands alone and the next one', () => {
    expect(gapsOf([backup(2, 3, { standalone: true }), backup(9, 9)], present({ 1: '2-3,9-10' }))).toEqual(
      [],
    );
    expect(gapsOf([backup(2, 3, { standalone: true })], present({ 1: '2' }))).toEqual(['1:03-03']);
  });

  it('are none without a backup', () => {
    expect(gapsOf([], present({ 1: '3,7' }))).toEqual([]);
  });
});

describe('gaps across timelines', () => {
  // Timeline 2 took over within segment 6.
  const HISTORY = { 2: '1\t0/6000100\tno recovery target specified\n' };

  it('the old timeline ends before the segment in which the new one begins', () => {
    expect(gapsOf([backup(3, 3)], present({ 1: '3-5', 2: '6-8' }, HISTORY))).toEqual([]);
    expect(gapsOf([backup(3, 3)], present({ 1: '3-4', 2: '6-8' }, HISTORY))).toEqual(['1:05-05']);
    expect(gapsOf([backup(3, 3)], present({ 1: '3-5', 2: '7-8' }, HISTORY))).toEqual(['2:06-06']);
  });

  it('a switch on the border of two segments needs the last of the old timeline', () => {
    const border = { 2: '1\t0/6000000\tx\n' };
    expect(gapsOf([backup(3, 3)], present({ 1: '3-4', 2: '6' }, border))).toEqual(['1:05-05']);
    expect(gapsOf([backup(3, 3)], present({ 1: '3-5', 2: '6' }, border))).toEqual([]);
  });

  it('a timeline in between is needed although nothing of it is there', () => {
    const histories = { 3: '1\t0/6000100\tx\n2\t0/8000100\tx\n' };
    expect(gapsOf([backup(3, 3)], present({ 1: '3-5', 3: '8-9' }, histories))).toEqual(['2:06-07']);
  });

  it('what branched off before the backup does not belong to it', () => {
    expect(gapsOf([backup(7, 7)], present({ 1: '7-8', 2: '9' }, HISTORY))).toEqual([]);
  });

  it('a backup on the new timeline asks for nothing of the old one', () => {
    const onSecond = backup(7, 7, { timeline: 2, endLsn: parseLsn('0/7000100') });
    expect(gapsOf([onSecond], present({ 1: '3', 2: '7-9' }, HISTORY))).toEqual([]);
  });

  it('history files that are missing or damaged are told', () => {
    const found = findGaps([backup(3, 3)], present({ 1: '3-5', 2: '6', 3: '7' }, { 3: 'nonsense' }));
    expect(found.unknownTimelines).toEqual([2, 3]);
    expect(tellGaps(found)).toEqual([
      'the history file of timeline 2 is missing or damaged',
      'the history file of timeline 3 is missing or damaged',
    ]);
  });
});
