import { describe, expect, test } from 'vitest';
import { crc32c } from '../../src/postgres/crc32c.ts';

/** Bit by bit, as the polynomial defines it. */
function slow(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) * 0x82f63b78);
  }
  return ~crc >>> 0;
}

const sample = Uint8Array.from({ length: 1000 }, (_, index) => (index * 7919) >>> 3);

describe('CRC-32C', () => {
  // RFC 3720, appendix B.4.
  test.each([
    ['zeros', new Uint8Array(32), 0x8a9136aa],
    ['ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['increasing', Uint8Array.from({ length: 32 }, (_, index) => index), 0x46dd794e],
    ['digits', Buffer.from('123456789'), 0xe3069283],
    ['nothing', new Uint8Array(0), 0],
  ])('of %s', (_, bytes, crc) => {
    expect(crc32c(bytes)).toBe(crc);
  });

  test('is the same at every alignment and length', () => {
    for (let start = 0; start < 9; start++) {
      for (const end of [start, start + 1, start + 127, start + 128, start + 129, start + 135, 1000]) {
        expect(crc32c(sample, 0, start, end)).toBe(slow(sample.subarray(start, end)));
        expect(crc32c(sample.subarray(start, end))).toBe(slow(sample.subarray(start, end)));
      }
    }
  });

  test('goes on from what came before', () => {
    for (const cut of [0, 1, 200, 500, 999]) {
      expect(crc32c(sample.subarray(cut), crc32c(sample.subarray(0, cut)))).toBe(slow(sample));
    }
  });
});
