import { describe, expect, test } from 'vitest';
import { parseLsn } from '../../src/postgres/lsn.ts';
import {
  isSegmentSize,
  nextSegmentName,
  parseSegmentName,
  segmentAt,
  segmentBefore,
  segmentName,
  segmentNames,
  segmentStart,
} from '../../src/postgres/segment.ts';

const MB = 2 ** 20;

test('sizes are powers of two from 1 MB to 1 GB', () => {
  expect([1, 2, 16, 64, 1024].every((size) => isSegmentSize(size * MB))).toBe(true);
  expect([0, 0.5, 3, 2048].some((size) => isSegmentSize(size * MB))).toBe(false);
  expect(() => segmentName({ timeline: 1, number: 1 }, 3 * MB)).toThrow(
    expect.objectContaining({ code: 'SEGMENT_SIZE' }),
  );
});

// Names as pg_walfile_name() of servers with these segment sizes gives them.
describe.each([
  [1, '1/23456789', '000000010000000100000234'],
  [16, '1/23456789', '000000010000000100000023'],
  [64, '1/23456789', '000000010000000100000008'],
  [1024, '1/23456789', '000000010000000100000000'],
  [16, 'FF/FFFFFFFF', '00000001000000FF000000FF'],
])('with %i MB', (megabytes, lsn, name) => {
  const size = megabytes * MB;
  test(`${lsn} is in ${name}`, () => {
    const number = segmentAt(parseLsn(lsn), size);
    expect(segmentName({ timeline: 1, number }, size)).toBe(name);
    expect(parseSegmentName(name, size)).toEqual({ timeline: 1, number });
    const start = segmentStart(number, size);
    expect(start <= parseLsn(lsn) && parseLsn(lsn) < start + BigInt(size)).toBe(true);
  });
});

test('the next name carries over into the second part', () => {
  expect(nextSegmentName('0000000200000001000000FF', 16 * MB)).toBe('000000020000000200000000');
  expect(nextSegmentName('000000020000000100000FFF', MB)).toBe('000000020000000200000000');
  expect(nextSegmentName('000000020000000100000003', 1024 * MB)).toBe('000000020000000200000000');
});

test('a position at a boundary ends the segment before it and begins the next', () => {
  const boundary = parseLsn('0/3000000');
  expect(segmentAt(boundary, 16 * MB)).toBe(3);
  expect(segmentBefore(boundary, 16 * MB)).toBe(2);
  expect(segmentBefore(boundary + 1n, 16 * MB)).toBe(3);
  expect(segmentBefore(0n, 16 * MB)).toBe(0);
});

test('the names from start to end leave out a segment that begins at the end', () => {
  const names = (end: string): string[] => [
    ...segmentNames(1, parseLsn('0/2000028'), parseLsn(end), 16 * MB),
  ];
  expect(names('0/2000100')).toEqual(['000000010000000000000002']);
  expect(names('0/4000000')).toEqual(['000000010000000000000002', '000000010000000000000003']);
  expect(names('0/4000001').at(-1)).toBe('000000010000000000000004');
});

test.each([
  ['00000001000000000000000', 16],
  ['00000001000000000000000a', 16],
  ['000000010000000000000100', 16],
  ['000000010000000000000004', 1024],
  ['000000010000000000000001.partial', 16],
])('%s is no segment of %i MB', (name, megabytes) => {
  expect(() => parseSegmentName(name, megabytes * MB)).toThrow(
    expect.objectContaining({ code: 'NOT_A_SEGMENT' }),
  );
});
