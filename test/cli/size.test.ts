import { expect, it } from 'vitest';
import { parseRate, parseSize } from '../../src/cli/size.ts';

it.each([
  ['1', 1024],
  ['1b', 1],
  ['1K', 1024],
  ['1KiB', 1024],
  ['1kb', 1000],
  ['1.5m', 1572864],
  ['.5M', 524288],
  ['2GB', 2_000_000_000],
  ['1T', 1024 ** 4],
  ['1p', 1024 ** 5],
  ['1k+1', 1025],
  ['1k-1', 1023],
  ['1.', 1024],
])('%s is %d bytes', (text, bytes) => {
  expect(parseSize(text, 'k')).toBe(bytes);
});

it.each([[''], ['x'], ['1x'], ['1mbb'], ['-1'], ['1 k'], ['k'], ['1ib'], ['1k+2']])(
  '"%s" is no size',
  (text) => {
    expect(parseSize(text, 'k')).toBeUndefined();
  },
);

it.each([
  ['0', 0],
  ['512b', 1024],
  ['1500b', 1024],
  ['1536b', 2048],
  ['100', 102400],
])('a rate is rounded to the nearest KiB: %s', (text, rate) => {
  expect(parseRate(text)).toBe(rate);
});
