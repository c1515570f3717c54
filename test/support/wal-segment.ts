import { parseSegmentName, segmentStart } from '../../src/postgres/segment.ts';

/** The header of a segment of PostgreSQL 17, and behind it bytes that compress well but differ from name to name. */
export function segmentBytes(
  name: string,
  size: number,
  systemIdentifier = 7_000_000_000_000_000_001n,
): Buffer {
  const bytes = Buffer.alloc(size, `${name} `);
  const { timeline, number } = parseSegmentName(name, size);
  bytes.writeUInt16LE(53526, 0);
  bytes.writeUInt16LE(0x0002, 2);
  bytes.writeUInt32LE(timeline, 4);
  bytes.writeBigUInt64LE(segmentStart(number, size), 8);
  bytes.writeUInt32LE(0, 16);
  bytes.writeUInt32LE(0, 20);
  bytes.writeBigUInt64LE(systemIdentifier, 24);
  bytes.writeUInt32LE(size, 32);
  bytes.writeUInt32LE(8192, 36);
  return bytes;
}
