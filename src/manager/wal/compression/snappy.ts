import { compress, uncompress } from 'snappyjs';
import { crc32c } from '../../../postgres/crc32c.ts';

/**
 * Snappy's framing format, in which a file is a row of chunks:
 *
 *     chunk        type 1 | length 3, little-endian | content
 *     0xff         "sNaPpY"; the first chunk
 *     0x00, 0x01   CRC-32C 4, masked | at most 64 KiB of content, compressed (0x00) or as they are (0x01)
 *     0x80 - 0xfe  to be passed over, such as padding; 0x02 - 0x7f: not to be understood
 */
const START = Buffer.from('ff060000734e61507059', 'hex');
const MOST = 65_536;
const COMPRESSED = 0x00;
const PLAIN = 0x01;
const IDENTIFIER = 0xff;
const SKIPPABLE = 0x80;

/** @throws Error for what is damaged, or ends too early */
export async function* unpackSnappy(stored: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const part of stored) {
    rest = rest.length === 0 ? part : Buffer.concat([rest, part]);
    while (rest.length >= 4) {
      const end = 4 + rest.readUIntLE(1, 3);
      if (rest.length < end) break;
      const content = unpackChunk(rest[0] ?? 0, rest.subarray(4, end));
      rest = rest.subarray(end);
      if (content !== undefined) yield content;
    }
  }
  if (rest.length > 0) throw new Error('it ends in the middle of a chunk');
}

export async function* packSnappy(plain: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
  yield START;
  for await (const part of plain) {
    for (let at = 0; at < part.length; at += MOST) yield packChunk(part.subarray(at, at + MOST));
  }
}

function unpackChunk(type: number, chunk: Buffer): Buffer | undefined {
  if (type === IDENTIFIER && chunk.equals(START.subarray(4))) return undefined;
  if (type >= SKIPPABLE && type < IDENTIFIER) return undefined;
  if ((type !== COMPRESSED && type !== PLAIN) || chunk.length < 4)
    throw new Error('a chunk cannot be understood');
  const content = type === PLAIN ? chunk.subarray(4) : uncompress(chunk.subarray(4), MOST);
  if (masked(content) !== chunk.readUInt32LE(0)) throw new Error('a chunk fails its checksum');
  return content;
}

function packChunk(content: Buffer): Buffer {
  const packed = compress(content);
  const isWorthIt = packed.length < content.length;
  const body = isWorthIt ? packed : content;
  const header = Buffer.alloc(8);
  header.writeUInt8(isWorthIt ? COMPRESSED : PLAIN, 0);
  header.writeUIntLE(body.length + 4, 1, 3);
  header.writeUInt32LE(masked(content), 4);
  return Buffer.concat([header, body]);
}

/** Turned, so that a CRC over data that holds CRCs keeps its strength. */
function masked(content: Uint8Array): number {
  const crc = crc32c(content);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
