/**
 * The checksum of a data page (PostgreSQL `storage/checksum_impl.h`): 32 lanes of a changed FNV-1a, one for each column
 * of a table whose rows are 128 bytes of the page; two rounds of zeros; the lanes XORed with each other and with the
 * block's number in its relation; folded to 1..65535.
 */
const LANES = 32;
const PRIME = 16_777_619;

// biome-ignore format: a table.
const START = Int32Array.of(
  0x5b1f36e9, 0xb8525960, 0x02ab50aa, 0x1de66d2a, 0x79ff467a, 0x9bb9f8a3, 0x217e7cd2, 0x83e13d2c,
  0xf8d4474f, 0xe39eb970, 0x42c6ae16, 0x993216fa, 0x7b093b5d, 0x98daff3c, 0xf718902a, 0x0b1c9cdb,
  0xe58f764b, 0x187636bc, 0x5d7b3bb1, 0xe73de7de, 0x92bec979, 0xcca6c0b2, 0x304a0979, 0x85aa43d4,
  0x783125bb, 0x6ca8eaa2, 0xe407eac6, 0x4b5cfc3e, 0x9fbf8c76, 0x15ca20be, 0xf2ca9fd3, 0x959bd756,
);

const CHECKSUM_WORD = 2;

// Indices are in bounds by construction: a fallback for `undefined` in the inner loop would cost speed.
const word = (words: Int32Array, index: number): number => words[index] as number;

/**
 * `words`: memory that holds the page, whose first word is `first`; little-endian machines only, as PostgreSQL's files
 * are those of the machine. The stored checksum counts as zero.
 */
export function pageChecksum(words: Int32Array, first: number, pageSize: number, block: number): number {
  const end = first + pageSize / 4;
  // XORed in twice it counts as zero, and the caller's memory is left alone: a write of it may be under way.
  const stored = word(words, first + CHECKSUM_WORD) & 0xffff;
  let folded = block;
  // Four lanes at a time: independent chains keep the processor busy, more would not fit its registers.
  for (let lane = 0; lane < LANES; lane += 4) {
    let a = word(START, lane);
    let b = word(START, lane + 1);
    let c = word(START, lane + 2) ^ (lane + 2 === CHECKSUM_WORD ? stored : 0);
    let d = word(START, lane + 3);
    for (let at = first + lane; at < end; at += LANES) {
      a ^= word(words, at);
      b ^= word(words, at + 1);
      c ^= word(words, at + 2);
      d ^= word(words, at + 3);
      a = Math.imul(a, PRIME) ^ (a >>> 17);
      b = Math.imul(b, PRIME) ^ (b >>> 17);
      c = Math.imul(c, PRIME) ^ (c >>> 17);
      d = Math.imul(d, PRIME) ^ (d >>> 17);
    }
    for (let round = 0; round < 2; round++) {
      a = Math.imul(a, PRIME) ^ (a >>> 17);
      b = Math.imul(b, PRIME) ^ (b >>> 17);
      c = Math.imul(c, PRIME) ^ (c >>> 17);
      d = Math.imul(d, PRIME) ^ (d >>> 17);
    }
    folded ^= a ^ b ^ c ^ d;
  }
  return ((folded >>> 0) % 65_535) + 1;
}
