import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GREETING, LIMITS } from '../../../src/ssh/sftp/greeting.ts';
import { PacketReader } from '../../../src/ssh/sftp/packet-reader.ts';
import {
  ATTRIBUTES,
  FILE_SYSTEM,
  HANDLE,
  NAME,
  NAMES,
  OWNER_NAMES,
  type Reply,
} from '../../../src/ssh/sftp/replies.ts';
import { byteString } from '../../../src/system/byte-string.ts';
import { isFailure } from '../../../src/system/errors.ts';
import { string, u32, u64 } from '../../support/scripted-server.ts';

const PATH = byteString('/path');

function read<T>(reply: Reply<T>, ...fields: readonly Buffer[]): T {
  const bytes = Buffer.concat(fields);
  const reader = new PacketReader();
  // Bytes around the packet, which must never be looked at.
  reader.reset(Buffer.concat([Buffer.alloc(3, 0xff), bytes, Buffer.alloc(50, 0xff)]), 3, 3 + bytes.length);
  return reply.read(reader, PATH);
}

const FULL = Buffer.concat([
  u32(0x8000000f),
  u64(2n ** 33n + 7n),
  u32(1),
  u32(2),
  u32(0o100644),
  u32(3),
  u32(0xfffffffe),
  u32(2),
  string('type'),
  string('data'),
  string('other'),
  string(''),
]);
const ALL = { size: 2 ** 33 + 7, uid: 1, gid: 2, mode: 0o100644, atime: 3, mtime: 0xfffffffe };

describe('replies', () => {
  test('attributes: all, none, and what is between', () => {
    expect(read(ATTRIBUTES, FULL)).toEqual(ALL);
    expect(read(ATTRIBUTES, u32(0))).toEqual({});
    expect(read(ATTRIBUTES, u32(8), u32(5), u32(6))).toEqual({ atime: 5, mtime: 6 });
    expect(read(ATTRIBUTES, u32(4), u32(0o40755))).toEqual({ mode: 0o40755 });
  });

  test('names are bytes; their attributes follow, the long name is passed over', () => {
    const names = read(
      NAMES,
      u32(2),
      string('a\xff\n'),
      string('-rw long'),
      FULL,
      string('b'),
      string(''),
      u32(0),
    );
    expect(names).toEqual([
      { name: 'a\xff\n', attributes: ALL },
      { name: 'b', attributes: {} },
    ]);
    expect(read(NAMES, u32(0))).toEqual([]);
  });

  test('one name', () => {
    expect(read(NAME, u32(1), string('/x\xe4'), string(''), u32(0))).toBe('/x\xe4');
  });

  test('handles', () => {
    expect(read(HANDLE, string('\0\0\x01\xff'))).toEqual({ id: '\0\0\x01\xff', path: '/path' });
  });

  test('file systems', () => {
    const fields = [4096n, 512n, 100n, 50n, 40n, 1000n, 900n, 800n, 2n ** 63n + 1n, 1n, 255n];
    expect(read(FILE_SYSTEM, ...fields.map(u64))).toEqual({
      available: 40 * 512,
      files: 800,
      id: `${2 ** 31}:1`,
      readOnly: true,
      nameMax: 255,
    });
    expect(read(FILE_SYSTEM, ...fields.with(9, 2n).map(u64)).readOnly).toBe(false);
  });

  test('names of users and groups', () => {
    const users = Buffer.concat([string('root'), string(''), string('m\xfcller')]);
    expect(read(OWNER_NAMES, string(users.toString('latin1')), string(''))).toEqual({
      users: ['root', '', 'm\xfcller'],
      groups: [],
    });
  });

  test('greeting and limits', () => {
    const greeting = read(GREETING, u32(3), string('a@b'), string('1'), string('c'), string(''));
    expect(greeting).toEqual({
      version: 3,
      extensions: new Map([
        ['a@b', '1'],
        ['c', ''],
      ]),
    });
    expect(read(LIMITS, u64(262144n), u64(261120n), u64(65536n), u64(1019n))).toEqual({
      read: 261120,
      write: 65536,
      handles: 1019,
    });
    // "Not told", and more than a packet holds.
    expect(read(LIMITS, u64(0n), u64(0n), u64(2n ** 40n), u64(0n))).toEqual({
      read: 32768,
      write: 261120,
      handles: undefined,
    });
  });

  test('what does not fit in its packet is a PROTOCOL error', () => {
    const broken: readonly [Reply<unknown>, ...Buffer[]][] = [
      [ATTRIBUTES, FULL.subarray(0, -1)],
      [ATTRIBUTES, u32(0x80000000), u32(0xffffffff)],
      [NAMES, u32(0xffffffff), string('a'), string(''), u32(0)],
      [NAMES, u32(1), u32(5), Buffer.from('abcd')],
      [NAME, u32(0)],
      [NAME, u32(2), string('a'), string(''), u32(0), string('b'), string(''), u32(0)],
      [HANDLE, string('h'.repeat(257))],
      [HANDLE, u32(0xffffffff)],
      [FILE_SYSTEM, u64(1n)],
      [OWNER_NAMES, string('\0\0\0\x05root'), string('')],
      [GREETING, u32(3), string('a')],
      [LIMITS, u64(1n), u64(1n), u64(1n)],
    ];
    for (const [reply, ...fields] of broken) {
      expect(() => read(reply, ...fields)).toThrowError(expect.objectContaining({ code: 'PROTOCOL' }));
    }
  });

  test('any bytes give an answer or a PROTOCOL error', () => {
    const replies: readonly Reply<unknown>[] = [
      ATTRIBUTES,
      NAMES,
      NAME,
      HANDLE,
      FILE_SYSTEM,
      OWNER_NAMES,
      GREETING,
      LIMITS,
    ];
    const field = fc.oneof(
      fc.integer({ min: 0, max: 20 }).map(u32),
      fc.integer({ min: 0, max: 0xffffffff }).map(u32),
      fc.string({ unit: 'binary-ascii', maxLength: 20 }).map(string),
      fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
    );
    fc.assert(
      fc.property(fc.constantFrom(...replies), fc.array(field, { maxLength: 12 }), (reply, fields) => {
        try {
          read(reply, ...fields);
        } catch (error) {
          expect(isFailure(error, 'PROTOCOL')).toBe(true);
        }
      }),
      { numRuns: 5000 },
    );
  });
});
