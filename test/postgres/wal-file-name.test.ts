import { expect, test } from 'vitest';
import { backupFileName, historyFileName, parseWalFileName } from '../../src/postgres/wal-file-name.ts';

const segment = '0000000A0000000100000023';

test('every kind of file that is archived is known by its name', () => {
  expect(parseWalFileName(segment)).toEqual({ kind: 'segment', timeline: 10, segment });
  expect(parseWalFileName(`${segment}.partial`)).toEqual({ kind: 'partial', timeline: 10, segment });
  expect(parseWalFileName('0000000A.history')).toEqual({ kind: 'history', timeline: 10 });
  expect(parseWalFileName(`${segment}.00000028.backup`)).toEqual({
    kind: 'backup',
    timeline: 10,
    segment,
    offset: 40,
  });
});

test('names are made as they are read', () => {
  expect(historyFileName(10)).toBe('0000000A.history');
  expect(backupFileName(segment, 40)).toBe(`${segment}.00000028.backup`);
});

test.each([
  '',
  segment.toLowerCase(),
  segment.slice(1),
  `${segment}.gz`,
  `${segment}.backup`,
  `${segment}.00000028.partial`,
  `${segment}.00000028.backup.tmp`,
  `${segment}\n`,
  '0000000A0.history',
  'a/0000000A.history',
])('%j is none of them', (name) => {
  expect(parseWalFileName(name)).toBeUndefined();
});
