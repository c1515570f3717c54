/**
 * CRC-32C (Castagnoli) as PostgreSQL uses it for WAL records, pg_control and manifests: eight tables, two words a step
 * (slicing-by-8), since Node offers only the other polynomial. Little-endian machines only.
 */
const TABLES = Array.from({ length: 8 }, () => new Int32Array(256)) as [
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
];
const [T0, T1, T2, T3, T4, T5, T6, T7] = TABLES;

// Indices are in bounds by construction: a fallback for `undefined` in the inner loop would cost speed.
const at = (numbers: Int32Array | Uint8Array, index: number): number => numbers[index] as number;

for (let byte = 0; byte < 256; byte++) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1;
  T0[byte] = crc;
}
for (let byte = 0; byte < 256; byte++) {
  let crc = at(T0, byte);
  for (const table of TABLES.slice(1)) {
    crc = (crc >>> 8) ^ at(T0, crc & 0xff);
    table[byte] = crc;
  }
}

// Below this a view of words costs more than it saves.
const WORTH_A_VIEW = 128;

/**
 * The CRC of `bytes` from `start` to `end` after others whose CRC is `previous`; the CRC of no bytes is 0. Unsigned.
 */
export function crc32c(bytes: Uint8Array, previous = 0, start = 0, end = bytes.length): number {
  let crc = ~previous;
  let next = start;
  if (end - start >= WORTH_A_VIEW) {
    for (; ((bytes.byteOffset + next) & 3) !== 0; next++) crc = step(crc, at(bytes, next));
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + next, ((end - next) >>> 3) * 2);
    for (let index = 0; index < words.length; index += 2) {
      const low = crc ^ at(words, index);
      const high = at(words, index + 1);
      crc =
        at(T7, low & 0xff) ^
        at(T6, (low >>> 8) & 0xff) ^
        at(T5, (low >>> 16) & 0xff) ^
        at(T4, low >>> 24) ^
        at(T3, high & 0xff) ^
        at(T2, (high >>> 8) & 0xff) ^
        at(T1, (high >>> 16) & 0xff) ^
        at(T0, high >>> 24);
    }
    next += words.length * 4;
  }
  for (; next < end; next++) crc = step(crc, at(bytes, next));
  return ~crc >>> 0;
}

function step(crc: number, byte: number): number {
  return (crc >>> 8) ^ at(T0, (crc ^ byte) & 0xff);
}
