import { expect, it } from 'vitest';
import { formatRetentionPolicy, parseRetentionPolicy } from '../../../src/manager/retention/policy.ts';

it.each([
  ['REDUNDANCY 2', 'REDUNDANCY 2'],
  [' redundancy   02 ', 'REDUNDANCY 2'],
  ['recovery window of 7 Days', 'RECOVERY WINDOW OF 7 DAYS'],
  ['RECOVERY  WINDOW OF 1 month', 'RECOVERY WINDOW OF 1 MONTHS'],
])('reads %s', (text, shown) => {
  const policy = parseRetentionPolicy(text);
  expect(policy && formatRetentionPolicy(policy)).toBe(shown);
});

it.each(['REDUNDANCY', 'REDUNDANCY two', 'RECOVERY WINDOW OF 7', 'RECOVERY WINDOW OF 7 HOURS', '7 DAYS', ''])(
  'refuses "%s"',
  (text) => {
    expect(parseRetentionPolicy(text)).toBeUndefined();
  },
);

it('counts a month as 31 days', () => {
  expect(parseRetentionPolicy('RECOVERY WINDOW OF 2 MONTHS')).toMatchObject({
    milliseconds: 62 * 86_400_000,
  });
});
