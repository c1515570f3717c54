import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Decoder } from '../../../src/ssh/sftp/decoder.ts';
import { isFailure } from '../../../src/system/errors.ts';
import { packet, status, string, u32, version } from '../../support/scripted-server.ts';

interface Seen {
  readonly packets: string[];
  readonly contents: { id: number; bytes: string; pieces: number }[];
}

/** All that comes out when the bytes come in such chunks. */
function decode(chunks: readonly Buffer[]): Seen {
  const seen: Seen = { packets: [], contents: [] };
  const decoder = new Decoder({
    packet: (bytes, start, end) => seen.packets.push(bytes.toString('hex', start, end)),
    data: (id, blocks) =>
      seen.contents.push({ id, bytes: Buffer.concat(blocks).toString('hex'), pieces: blocks.length }),
  });
  for (const chunk of chunks) decoder.push(Buffer.from(chunk));
  return seen;
}

const data = (id: number, bytes: string): Buffer => packet(103, id, bytes);

const STREAM = Buffer.concat([
  version('limits@openssh.com', '1'),
  status(1, 0, ''),
  data(2, 'hello'),
  data(3, ''),
  packet(102, 4, 'handle'),
  packet(2, 3),
  packet(104, 5, 1, 'name', 'long', 0),
  data(6, 'x'.repeat(300)),
  status(7, 1),
]);

const WHOLE = decode([STREAM]);

function problem(chunks: readonly Buffer[]): string {
  try {
    decode(chunks);
    return 'none';
  } catch (error) {
    return isFailure(error, 'PROTOCOL') ? error.message : `not PROTOCOL: ${error}`;
  }
}

describe('decoder', () => {
  test('cuts a stream into packets', () => {
    expect(WHOLE.packets.map((hex) => Number.parseInt(hex.slice(0, 2), 16))).toEqual([
      2, 101, 102, 2, 104, 101,
    ]);
    expect(WHOLE.packets[2]).toBe(
      Buffer.concat([Buffer.from([102]), u32(4), string('handle')]).toString('hex'),
    );
    expect(WHOLE.contents.map(({ id, bytes }) => [id, Buffer.from(bytes, 'hex').toString()])).toEqual([
      [2, 'hello'],
      [3, ''],
      [6, 'x'.repeat(300)],
    ]);
  });

  test('wherever the stream is cut in two', () => {
    for (let cut = 0; cut <= STREAM.length; cut++) {
      const seen = decode([STREAM.subarray(0, cut), STREAM.subarray(cut)]);
      expect(seen.packets, `cut at ${cut}`).toEqual(WHOLE.packets);
      expect(seen.contents.map(({ id, bytes }) => [id, bytes])).toEqual(
        WHOLE.contents.map(({ id, bytes }) => [id, bytes]),
      );
    }
  });

  test('byte by byte, and in any chunks', () => {
    const same = (chunks: readonly Buffer[]): void => {
      const seen = decode(chunks);
      expect(seen.packets).toEqual(WHOLE.packets);
      expect(seen.contents.map(({ bytes }) => bytes)).toEqual(WHOLE.contents.map(({ bytes }) => bytes));
    };
    same([...STREAM].map((byte) => Buffer.from([byte])));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: STREAM.length }), { maxLength: 20 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), STREAM.length];
        same(at.slice(1).map((end, i) => STREAM.subarray(at[i], end)));
      }),
    );
  });

  test('content is pieces of the chunks it came in, not a copy', () => {
    const chunk = data(1, 'content');
    const blocks: Uint8Array[] = [];
    new Decoder({ packet: () => {}, data: (_id, some) => blocks.push(...some) }).push(chunk);
    expect(blocks.map(({ buffer }) => buffer)).toEqual([chunk.buffer]);
    expect(
      decode([chunk.subarray(0, 15), chunk.subarray(15, 17), chunk.subarray(17)]).contents,
    ).toMatchObject([{ pieces: 3 }]);
  });

  test('lengths that cannot be end it', () => {
    for (const length of [0, 4, 256 * 1024 + 1, 0x7fffffff, 0xffffffff]) {
      expect(problem([u32(length), Buffer.alloc(20)]), `${length}`).toContain(`a packet of ${length} bytes`);
    }
    expect(decode([u32(256 * 1024), Buffer.from([101]), Buffer.alloc(256 * 1024 - 1)]).packets).toHaveLength(
      1,
    );
    // At once: no more may ever come.
    expect(problem([u32(4)])).toContain('a packet of 4 bytes, which begins with "\\#000\\#000\\#000\\#004"');
    for (const length of [4, 6, 0xffffffff]) {
      const broken = Buffer.concat([u32(14), Buffer.from([103]), u32(1), u32(length), Buffer.from('hello')]);
      for (let cut = 0; cut <= broken.length; cut++) {
        expect(problem([broken.subarray(0, cut), broken.subarray(cut)])).toContain(
          'not as long as its packet',
        );
      }
    }
    expect(problem([packet(103, 1), Buffer.alloc(20)])).toContain('not as long as its packet');
  });

  test('a login script that prints shows in the message', () => {
    expect(problem([Buffer.from('Welcome to \x1b[1mdb1\n')])).toContain('"Welcome to \\#033[1mdb1\\#012"');
  });

  test('any bytes in any chunks give packets or a PROTOCOL error', () => {
    const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
    // Small lengths and known types often, so that more than the length check is reached.
    const likely = fc
      .tuple(fc.integer({ min: 0, max: 40 }), fc.constantFrom(2, 101, 102, 103, 104, 105), bytes)
      .map(([length, type, rest]) => Buffer.concat([u32(length), Buffer.from([type]), rest]));
    fc.assert(
      fc.property(fc.array(fc.oneof(bytes, likely), { maxLength: 8 }), (chunks) => {
        expect(problem(chunks)).not.toContain('not PROTOCOL');
      }),
      { numRuns: 2000 },
    );
  });
});
