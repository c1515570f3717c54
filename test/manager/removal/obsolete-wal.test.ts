import { describe, expect, it } from 'vitest';
import { obsoleteWal, type WalNeed } from '../../../src/manager/removal/obsolete-wal.ts';

const wal = (number: number, timeline = 1): string =>
  `${String(timeline).padStart(8, '0')}00000000${number.toString(16).toUpperCase().padStart(8, '0')}`;
const at = (number: number): string => wal(number).slice(8);
const since = (number: number): WalNeed => ({ from: at(number), to: null });

describe('obsoleteWal', () => {
  it('lets go what lies before every backup, with what belongs to it', () => {
    const names = [wal(1), `${wal(1)}.00000028.backup`, `${wal(2)}.partial`, wal(3), wal(4), 'notes'];
    expect(obsoleteWal(names, [since(5), since(3)], wal(1))).toEqual(names.slice(0, 3));
  });

  it('keeps the WAL of a backup that is kept on its own', () => {
    const names = [1, 2, 3, 4, 5, 6].map((number) => wal(number));
    const standalone = { from: at(2), to: at(3) };
    expect(obsoleteWal(names, [standalone, since(6)], wal(1))).toEqual([wal(1), wal(4), wal(5)]);
    expect(obsoleteWal(names, [standalone], wal(5))).toEqual([wal(1), wal(4)]);
  });

  it('looks at positions: no later timeline, and no earlier one with later WAL, is superfluous', () => {
    const names = ['00000002.history', wal(4), wal(7), wal(4, 2), wal(6, 2)];
    expect(obsoleteWal(names, [since(5)], wal(4))).toEqual([wal(4), wal(4, 2)]);
    expect(obsoleteWal(names, [{ from: wal(6, 2).slice(8), to: null }], wal(4))).toEqual([wal(4), wal(4, 2)]);
  });

  it('lets nothing go that only the last backup began before, and nothing without any', () => {
    expect(obsoleteWal([wal(1), wal(2), wal(3)], [], wal(2))).toEqual([wal(1)]);
    expect(obsoleteWal([wal(1)], [], null)).toEqual([]);
  });

  it('counts no files of a directory: more than 255 names before a needed one leave that one', () => {
    const names = Array.from({ length: 600 }, (_, number) => wal(number));
    expect(obsoleteWal(names, [since(400)], wal(0))).toEqual(names.slice(0, 400));
  });
});
