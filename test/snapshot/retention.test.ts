import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeSnapshots, parseRetention } from '../../src/snapshot/retention.ts';

const DAY = 86_400_000_000;
const NOW = 1_700_000_000_000_000;
/** Ages in days, the oldest first, as a user would have them in a repository. */
const aged = (...days: number[]) =>
  days.map((age) => ({ id: `d${String(age).padStart(5, '0')}`, finished: NOW - age * DAY }));
const kept = (policy: string, ...days: number[]): number[] =>
  judgeSnapshots(aged(...days), parseRetention(policy), NOW)
    .filter(({ keep }) => keep)
    .map(({ id }) => Number(id.slice(1)));

describe('parseRetention', () => {
  it.each([
    ['REDUNDANCY 7', { kind: 'redundancy', copies: 7 }],
    ['  redundancy   1 ', { kind: 'redundancy', copies: 1 }],
    ['RECOVERY WINDOW OF 14 DAYS', { kind: 'window', days: 14 }],
    ['recovery window of 1 day', { kind: 'window', days: 1 }],
    ['Recovery Window Of 4 Weeks', { kind: 'window', days: 28 }],
    ['RECOVERY WINDOW OF 2 MONTHS', { kind: 'window', days: 62 }],
    ['RECOVERY WINDOW OF 0 DAYS', { kind: 'window', days: 0 }],
  ])('understands %j', (text, policy) => expect(parseRetention(text)).toEqual(policy));

  it.each([
    '',
    'REDUNDANCY',
    'REDUNDANCY 0',
    'REDUNDANCY -1',
    'REDUNDANCY 1.5',
    'RECOVERY WINDOW OF 3 YEARS',
    '7',
  ])('refuses %j', (text) => expect(() => parseRetention(text)).toThrow(/is no retention policy/));
});

describe('judgeSnapshots', () => {
  it.each([
    ['REDUNDANCY 1', [9, 5, 1], [1]],
    ['REDUNDANCY 2', [9, 5, 1], [1, 5]],
    ['REDUNDANCY 3', [9, 5, 1], [1, 5, 9]],
    ['REDUNDANCY 9', [9, 5, 1], [1, 5, 9]],
    // The one before the window is needed to go back to its start.
    ['RECOVERY WINDOW OF 7 DAYS', [30, 9, 8, 5, 1], [1, 5, 8]],
    ['RECOVERY WINDOW OF 1 WEEK', [30, 9, 8, 5, 1], [1, 5, 8]],
    // Exactly as old as the window is within it, and covers its start as well as nothing else could.
    ['RECOVERY WINDOW OF 7 DAYS', [30, 8, 7, 1], [1, 7, 8]],
    ['RECOVERY WINDOW OF 7 DAYS', [300, 200], [200]],
    ['RECOVERY WINDOW OF 0 DAYS', [5, 1], [1]],
    ['RECOVERY WINDOW OF 1 MONTH', [40, 31.5, 30], [30, 31.5]],
    ['REDUNDANCY 3', [], []],
  ] as const)('%s of snapshots %j days old keeps %j', (policy, days, expected) => {
    expect(kept(policy, ...days)).toEqual(expected);
  });

  it('says why, the newest first', () => {
    expect(judgeSnapshots(aged(9, 5, 1), parseRetention('REDUNDANCY 2'), NOW)).toEqual([
      { id: 'd00001', keep: true, reason: 'it is number 1 of the newest 2' },
      { id: 'd00005', keep: true, reason: 'it is number 2 of the newest 2' },
      { id: 'd00009', keep: false, reason: 'there are 2 newer ones' },
    ]);
    expect(judgeSnapshots(aged(9, 8, 1), parseRetention('RECOVERY WINDOW OF 7 DAYS'), NOW)).toEqual([
      { id: 'd00001', keep: true, reason: 'it was made within the last 7 days' },
      { id: 'd00008', keep: true, reason: 'it is what stood when the last 7 days began' },
      { id: 'd00009', keep: false, reason: 'd00008 stood already when the last 7 days began' },
    ]);
  });

  it('always keeps the newest, and only ever lets go of older ones than it keeps', () => {
    const policies = fc.oneof(
      fc.integer({ min: 1, max: 20 }).map((n) => `REDUNDANCY ${n}`),
      fc.integer({ min: 0, max: 90 }).map((n) => `RECOVERY WINDOW OF ${n} DAYS`),
    );
    fc.assert(
      fc.property(
        policies,
        fc.uniqueArray(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 30 }),
        (policy, days) => {
          const verdicts = judgeSnapshots(aged(...days), parseRetention(policy), NOW);
          expect(verdicts[0]?.keep).toBe(true);
          const firstGone = verdicts.findIndex(({ keep }) => !keep);
          if (firstGone >= 0) expect(verdicts.slice(firstGone).some(({ keep }) => keep)).toBe(false);
        },
      ),
    );
  });
});
