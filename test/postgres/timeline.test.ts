import { expect, test } from 'vitest';
import { parseLsn } from '../../src/postgres/lsn.ts';
import { descendsFrom, parseTimelineHistory, spanAt } from '../../src/postgres/timeline.ts';

const text =
  '1\t0/3000060\tno recovery target specified\n\n# a remark\n2\t0/5000000\tbefore 2026-11-22 16:44:42+00\n';
const history = parseTimelineHistory(4, text);

test('a history gives the stretch of each ancestor, and of the timeline itself', () => {
  expect(history).toEqual([
    { timeline: 1, begin: 0n, end: parseLsn('0/3000060') },
    { timeline: 2, begin: parseLsn('0/3000060'), end: parseLsn('0/5000000') },
    { timeline: 4, begin: parseLsn('0/5000000'), end: undefined },
  ]);
});

test('timeline 1 has no history file', () => {
  expect(parseTimelineHistory(1, '')).toEqual([{ timeline: 1, begin: 0n, end: undefined }]);
});

test('a position belongs to one span; a switch point to the new timeline', () => {
  expect(spanAt(history, parseLsn('0/300005F'))?.timeline).toBe(1);
  expect(spanAt(history, parseLsn('0/3000060'))?.timeline).toBe(2);
  expect(spanAt(history, parseLsn('F/0'))?.timeline).toBe(4);
});

test('a backup may be used only where its end lies in the history', () => {
  expect(descendsFrom(history, 1, parseLsn('0/3000060'))).toBe(true);
  expect(descendsFrom(history, 1, parseLsn('0/3000061'))).toBe(false);
  expect(descendsFrom(history, 3, parseLsn('0/3000000'))).toBe(false);
  expect(descendsFrom(history, 4, parseLsn('F/0'))).toBe(true);
});

test.each([
  ['words', 'one\t0/1\n', /line 1/],
  ['no position', '1\n', /line 1/],
  ['a timeline twice', '1\t0/1\n1\t0/2\n', /increasing/],
  ['a position that goes back', '1\t0/2\n2\t0/1\n', /increasing/],
  ['itself as an ancestor', '4\t0/1\n', /ancestor/],
])('%s is refused', (_, damaged, message) => {
  expect(() => parseTimelineHistory(4, damaged)).toThrow(
    expect.objectContaining({ code: 'TIMELINE_HISTORY', message: expect.stringMatching(message) }),
  );
});
