import { expect, test } from 'vitest';
import { formatBytes } from '../../src/system/bytes.ts';

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1536, '1.5 KiB'],
  [1024 * 1023.94, '1023.9 KiB'],
  [1024 * 1023.96, '1.0 MiB'],
  [1024 ** 2, '1.0 MiB'],
  [16 * 1024 ** 2 - 1, '16.0 MiB'],
  [1.5 * 1024 ** 3, '1.5 GiB'],
  [3 * 1024 ** 4, '3.0 TiB'],
  [5000 * 1024 ** 5, '5000.0 PiB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});
