import { expect, test } from 'vitest';
import { parseVersionFile, parseVersionNumber } from '../../src/postgres/version.ts';

test('numbers and the file of a data directory', () => {
  expect(parseVersionNumber(150_018)).toEqual({ major: 15, minor: 18, text: '15.18' });
  expect(parseVersionFile('18\n')).toBe(18);
});

test.each([
  [90_624, '9.6'],
  [120_022, '12.22'],
  [190_000, '19.0'],
  [Number.NaN, 'NaN'],
])('%i is not supported', (number, text) => {
  expect(() => parseVersionNumber(number)).toThrow(text);
});

test.each(['', '9.6\n', '12\n', '15\n\n', 'PG\n'])('the file content %j is refused', (content) => {
  expect(() => parseVersionFile(content)).toThrow(expect.objectContaining({ code: 'POSTGRES_VERSION' }));
});
