import { describe, expect, test } from 'vitest';
import { writeAttributes } from '../../../src/ssh/sftp/attributes.ts';
import { PacketWriter } from '../../../src/ssh/sftp/packet-writer.ts';
import { packet } from '../../support/scripted-server.ts';

function takeAll(writer: PacketWriter): Buffer[] {
  const pieces: Buffer[] = [];
  for (let piece = writer.take(); piece !== undefined; piece = writer.take()) pieces.push(piece);
  return pieces;
}

describe('packet writer', () => {
  test('writes fields as the protocol has them', () => {
    const writer = new PacketWriter();
    writer.begin(5, 0x01020304);
    writer.string('\xff\n');
    writer.u64(2 ** 40 + 5);
    writer.u32(-1);
    writer.bytes(new Uint8Array([1, 2]));
    writer.u8(7);
    writer.finish();
    expect(writer.take()?.toString('hex')).toBe(
      '0000001e' +
        '05' +
        '01020304' +
        '00000002ff0a' +
        '0000010000000005' +
        'ffffffff' +
        '000000020102' +
        '07',
    );
    expect(writer.take()).toBeUndefined();
  });

  test('writes attributes with the flags of what is there', () => {
    const writer = new PacketWriter();
    const written = (changes: Parameters<typeof writeAttributes>[1]): string => {
      writer.begin(9, 1);
      writeAttributes(writer, changes);
      writer.finish();
      return Buffer.concat(takeAll(writer)).toString('hex').slice(18);
    };
    expect(written({})).toBe('00000000');
    expect(written({ size: 5 })).toBe('000000010000000000000005');
    expect(written({ owner: { uid: 1, gid: 2 } })).toBe('000000020000000100000002');
    expect(written({ mode: 0o755 })).toBe('00000004000001ed');
    expect(written({ mode: 0, times: { atime: 3, mtime: 4 } })).toBe('0000000c000000000000000300000004');
    // Before 1970: what OpenSSH sends for such a time.
    expect(written({ times: { atime: 0, mtime: -1 } })).toBe('0000000800000000ffffffff');
  });

  test('packets that were not taken stand in one piece, those taken are never written to again', () => {
    const writer = new PacketWriter();
    const write = (id: number): void => {
      writer.begin(4, id);
      writer.string('abcd');
      writer.finish();
    };
    write(1);
    write(2);
    expect(writer.pending).toBe(34);
    const first = writer.take();
    expect(writer.pending).toBe(0);
    write(3);
    expect(first?.equals(Buffer.concat([packet(4, 1, 'abcd'), packet(4, 2, 'abcd')]))).toBe(true);
    expect(writer.take()?.equals(packet(4, 3, 'abcd'))).toBe(true);
  });

  test('a packet that is being written is not taken', () => {
    const writer = new PacketWriter();
    writer.begin(4, 1);
    expect(writer.take()).toBeUndefined();
    writer.string('x');
    writer.finish();
    expect(takeAll(writer)).toHaveLength(1);
  });

  test('packets of any size, over many buffers', () => {
    const writer = new PacketWriter();
    const expected: Buffer[] = [];
    const sizes = [0, 10, 65_536, 261_120, 1, 30_000, 30_000, 30_000, 65_510, 65_527, 3];
    for (const [id, size] of sizes.entries()) {
      const content = Buffer.alloc(size, id + 1);
      writer.begin(6, id);
      writer.string('handle');
      writer.u64(0);
      writer.bytes(content);
      writer.finish();
      expected.push(packet(6, id, 'handle', 0n, content.toString('latin1')));
    }
    const whole = Buffer.concat(expected);
    expect(writer.pending).toBe(whole.length);
    const pieces = takeAll(writer);
    expect(writer.pending).toBe(0);
    expect(pieces.length).toBeGreaterThan(1);
    expect(Buffer.concat(pieces).equals(whole)).toBe(true);
  });

  test('what is discarded never leaves', () => {
    const writer = new PacketWriter();
    writer.begin(4, 1);
    writer.string('x'.repeat(100_000));
    writer.finish();
    writer.discard();
    writer.begin(4, 2);
    writer.string('y');
    writer.finish();
    expect(takeAll(writer)).toEqual([packet(4, 2, 'y')]);
  });
});
