import { describe, expect, it } from 'vitest';
import { openSession } from '../../../src/ssh/sftp/session.ts';
import { SessionPool } from '../../../src/ssh/sftp/session-pool.ts';
import { sftpEndpoint } from '../../../src/sync/endpoints/sftp.ts';
import type { Entry } from '../../../src/sync/entry.ts';
import { byteString } from '../../../src/system/byte-string.ts';
import { isFailure } from '../../../src/system/errors.ts';
import {
  packet,
  type ScriptedRequest,
  ScriptedServer,
  status,
  version,
} from '../../support/scripted-server.ts';

const LSTAT = 7;
const OPEN = 3;
const READ = 5;
const FSTAT = 8;
const CLOSE = 4;
const EOF = 1;
const MISSING = 2;
const DENIED = 3;
const REGULAR = 0o100644;
const MTIME = 1_000_000_000;

const attributes = (id: number, mode: number, size: number, mtime = MTIME): Buffer =>
  packet(105, id, 0x1 | 0x4 | 0x8, BigInt(size), mode, mtime, mtime);

/** What a server may say of a file that was listed with ten bytes, and what must be told of it. */
const CASES: Record<string, { answers: Record<number, (id: number) => Buffer>; told: string }> = {
  'as listed': { answers: {}, told: 'taken' },
  gone: {
    answers: { [LSTAT]: (id) => status(id, MISSING), [OPEN]: (id) => status(id, MISSING) },
    told: 'NOT_FOUND',
  },
  'gone between LSTAT and OPEN': { answers: { [OPEN]: (id) => status(id, MISSING) }, told: 'NOT_FOUND' },
  'there since LSTAT': { answers: { [LSTAT]: (id) => status(id, MISSING) }, told: 'NOT_FOUND' },
  'a link': { answers: { [LSTAT]: (id) => attributes(id, 0o120777, 10) }, told: 'SYMLINK_IN_PATH' },
  'not to be read': { answers: { [OPEN]: (id) => status(id, DENIED) }, told: 'PERMISSION_DENIED' },
  'cut short': { answers: { [READ]: (id) => packet(103, id, 'x'.repeat(9)) }, told: 'missed' },
  empty: { answers: { [READ]: (id) => status(id, EOF) }, told: 'missed' },
  unreadable: { answers: { [READ]: (id) => status(id, DENIED) }, told: 'PERMISSION_DENIED' },
  'longer now': { answers: { [FSTAT]: (id) => attributes(id, REGULAR, 11) }, told: 'missed' },
  'shorter now': { answers: { [FSTAT]: (id) => attributes(id, REGULAR, 9) }, told: 'missed' },
  'without its attributes': { answers: { [FSTAT]: (id) => status(id, DENIED) }, told: 'PERMISSION_DENIED' },
  'without its type': { answers: { [FSTAT]: (id) => packet(105, id, 0x1, 10n) }, told: 'missed' },
  'not to be closed': { answers: { [CLOSE]: (id) => status(id, DENIED) }, told: 'taken' },
};
const NAMES = Object.keys(CASES);

const entry = (name: string): Entry => ({
  name: byteString(name),
  type: 'file',
  mode: 0o644,
  size: 10,
  mtime: MTIME * 1_000_000,
  uid: 0,
  gid: 0,
  target: undefined,
  identity: undefined,
});

/** A server of such files that hangs up in place of the answer to the request of this number. */
async function serve(names: readonly string[], hangUpAt = Number.POSITIVE_INFINITY) {
  const open = new Map<string, string>();
  const reopened: string[] = [];
  let handles = 0;
  let answered = 0;
  const usual = ({ type, id }: ScriptedRequest, name: string): Buffer => {
    switch (type) {
      case OPEN: {
        const handle = `h${handles++}`;
        open.set(handle, name);
        return packet(102, id, handle);
      }
      case READ:
        return packet(103, id, 'x'.repeat(10));
      case CLOSE:
        return status(id, 0);
      default:
        return attributes(id, REGULAR, 10);
    }
  };
  const server = new ScriptedServer((request, self) => {
    if (request.type === 1) return version();
    if (answered++ === hangUpAt) {
      self.hangUp();
      return undefined;
    }
    if (answered > hangUpAt) return undefined;
    const text = request.body.toString('latin1', 4, 4 + request.body.readUInt32BE(0));
    const name = request.type === LSTAT || request.type === OPEN ? text.slice('/r/'.length) : open.get(text);
    if (name === undefined) {
      reopened.push(text);
      return status(request.id, 4);
    }
    if (request.type === CLOSE) open.delete(text);
    const special = CASES[name.replace(/ \d+$/, '')]?.answers[request.type];
    return special?.(request.id) ?? usual(request, name);
  });
  const session = await openSession(server.client, { host: 'testhost' });
  const endpoint = sftpEndpoint(new SessionPool(session), byteString('/r'), 'testhost:/r');
  const told = new Map<number, string>();
  const tell = (index: number, what: string): void => {
    expect(told.has(index)).toBe(false);
    told.set(index, what);
  };
  const reading = endpoint.readMany?.(byteString(''), names.map(entry), {
    take: (index, { blocks }) => tell(index, Buffer.concat(blocks).length === 10 ? 'taken' : 'wrong'),
    miss: (index, error) => tell(index, error?.code ?? 'missed'),
  });
  return { reading, told, session, open, reopened };
}

describe('small files of an SFTP server', () => {
  it('are told once each, whatever the server says, and closed once each', async () => {
    const names = Array.from({ length: 40 }, (_, i) => NAMES.map((name) => `${name} ${i}`)).flat();
    const { reading, told, session, open, reopened } = await serve(names);
    await reading;
    for (const [index, name] of names.entries())
      expect(told.get(index), name).toBe(CASES[name.replace(/ \d+$/, '')]?.told);
    // What nobody waits for is answered before this.
    await session.lstat(byteString('/r/as listed'));
    expect([...open.values()]).toEqual([]);
    expect(reopened).toEqual([]);
    expect(session.load).toBe(0);
    session.close();
  });

  it('end with the connection, wherever that is lost', async () => {
    for (let at = 0; at < NAMES.length * 5 - 20; at++) {
      const { reading, told, session } = await serve(NAMES, at);
      const error = await reading?.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error !== undefined) expect(isFailure(error, 'CONNECTION_LOST')).toBe(true);
      else expect(told.size).toBe(NAMES.length);
      for (const [index, what] of told) expect(what).toBe(CASES[NAMES[index] ?? '']?.told);
      expect(session.load).toBe(0);
    }
  });
});
