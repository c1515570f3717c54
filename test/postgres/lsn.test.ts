import { expect, test } from 'vitest';
import { formatLsn, parseLsn } from '../../src/postgres/lsn.ts';

test.each([
  ['0/0', 0n],
  ['0/3000060', 0x3000060n],
  ['A/BC', 0xa_0000_00bcn],
  ['FFFFFFFF/FFFFFFFF', 0xffff_ffff_ffff_ffffn],
])('%s is read and written', (text, lsn) => {
  expect(parseLsn(text)).toBe(lsn);
  expect(formatLsn(lsn)).toBe(text);
});

test('lower case and leading zeros are read', () => {
  expect(parseLsn('00000001/0abcdef0')).toBe(0x1_0abc_def0n);
});

test.each(['', '1', '/', '0/', '1/2/3', '0/123456789', 'g/0', ' 0/0', '0/0\n'])('%j is refused', (text) => {
  expect(() => parseLsn(text)).toThrow(expect.objectContaining({ code: 'NOT_AN_LSN' }));
});
