import { describe, expect, it } from 'vitest';
import { packSnappy, unpackSnappy } from '../../../src/manager/wal/compression/snappy.ts';

async function* cut(bytes: Buffer, length: number): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += length) yield bytes.subarray(start, start + length);
}

async function all(parts: AsyncIterable<Buffer>): Promise<Buffer> {
  const list: Buffer[] = [];
  for await (const part of parts) list.push(part);
  return Buffer.concat(list);
}

const unpack = (bytes: Buffer, length = 1000): Promise<Buffer> => all(unpackSnappy(cut(bytes, length)));

// A stream identifier, padding and one chunk with a literal, by hand from the description of the format.
const LITERAL = Buffer.concat([Buffer.from([9, 8 << 2]), Buffer.from('123456789')]);
/** The CRC-32C of "123456789" is 0xE3069283, which is its check value everywhere. */
const MASKED = (((0xe3069283 >>> 15) | (0xe3069283 << 17)) + 0xa282ead8) >>> 0;
function foreign(): Buffer {
  const head = Buffer.from([0x00, LITERAL.length + 4, 0, 0, 0, 0, 0, 0]);
  head.writeUInt32LE(MASKED, 4);
  const padding = Buffer.from([0xfe, 2, 0, 0, 0, 0]);
  return Buffer.concat([Buffer.from('ff060000734e61507059', 'hex'), padding, head, LITERAL]);
}

describe("snappy's framing format", () => {
  it('is read as others write it, wherever the pieces end', async () => {
    for (const length of [1, 3, 1000]) expect((await unpack(foreign(), length)).toString()).toBe('123456789');
  });

  it('brings back what was packed, whether it compresses or not', async () => {
    const noise = Buffer.alloc(200_000);
    for (let at = 0, x = 1; at < noise.length; at++) {
      x = (x * 48271) % 2147483647;
      noise[at] = x & 0xff;
    }
    const content = Buffer.concat([Buffer.alloc(300_001, 'wal '), noise]);
    const packed = await all(packSnappy(cut(content, 131_072)));
    expect(packed.length).toBeLessThan(content.length - 200_000);
    expect((await unpack(packed)).equals(content)).toBe(true);
  });

  it('is refused where it is damaged or cut off', async () => {
    const bytes = foreign();
    await expect(unpack(bytes.subarray(0, -1))).rejects.toThrow('in the middle');
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
    await expect(unpack(bytes)).rejects.toThrow('checksum');
  });
});
