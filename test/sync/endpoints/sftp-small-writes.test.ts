import { describe, expect, it } from 'vitest';
import { openSession } from '../../../src/ssh/sftp/session.ts';
import { SessionPool } from '../../../src/ssh/sftp/session-pool.ts';
import { sftpEndpoint } from '../../../src/sync/endpoints/sftp.ts';
import { byteString } from '../../../src/system/byte-string.ts';
import { isFailure } from '../../../src/system/errors.ts';
import {
  packet,
  type ScriptedRequest,
  ScriptedServer,
  status,
  version,
} from '../../support/scripted-server.ts';

const OPEN = 3;
const CLOSE = 4;
const WRITE = 6;
const FSETSTAT = 10;
const REMOVE = 13;
const EXTENDED = 200;
const OK = 0;
const FAILURE = 4;
const RENAME = 'posix-rename@openssh.com';
const FSYNC = 'fsync@openssh.com';

/** The request that the server refuses, and what is told then. */
const CASES: Record<string, { refused: number | string | undefined; told: 'made' | 'missed' }> = {
  'as it should': { refused: undefined, told: 'made' },
  'of a name that is taken': { refused: OPEN, told: 'missed' },
  'without room': { refused: WRITE, told: 'missed' },
  'with attributes that cannot be': { refused: FSETSTAT, told: 'missed' },
  'on a bad disk': { refused: FSYNC, told: 'missed' },
  'where closing says that it is lost': { refused: CLOSE, told: 'missed' },
  'over a directory': { refused: RENAME, told: 'missed' },
  unwanted: { refused: undefined, told: 'missed' },
};
const NAMES = Object.keys(CASES);
const caseOf = (name: string) => CASES[name.replace(/^\./, '').replace(/ \d+$/, '')];

/** A server that refuses so, and hangs up in place of the answer to the request of this number. */
async function make(names: readonly string[], hangUpAt = Number.POSITIVE_INFINITY) {
  const open = new Map<string, string>();
  /** What stands, with the requests that made it. */
  const files = new Map<string, string[]>();
  let handles = 0;
  let answered = 0;
  const text = (body: Buffer, at = 0): string =>
    body.toString('latin1', at + 4, at + 4 + body.readUInt32BE(at));
  const answer = ({ type, id, body }: ScriptedRequest): Buffer => {
    const first = text(body);
    const kind = type === EXTENDED ? first : type;
    const subject = type === EXTENDED ? text(body, 4 + first.length) : first;
    const name = open.get(subject) ?? subject.slice('/r/'.length);
    if (caseOf(name)?.refused === kind) {
      if (kind === CLOSE) open.delete(subject);
      return status(id, FAILURE);
    }
    switch (kind) {
      case OPEN:
        open.set(`h${handles}`, name);
        files.set(name, []);
        return packet(102, id, `h${handles++}`);
      case CLOSE:
        open.delete(subject);
        return status(id, OK);
      case REMOVE:
        files.delete(name);
        return status(id, OK);
      case RENAME: {
        const to = text(body, 8 + first.length + subject.length).slice('/r/'.length);
        files.set(to, files.get(name) ?? []);
        files.delete(name);
        return status(id, OK);
      }
      default:
        files.get(name)?.push(kind === WRITE ? 'write' : kind === FSYNC ? 'fsync' : 'attributes');
        return status(id, OK);
    }
  };
  const server = new ScriptedServer((request, self) => {
    if (request.type === 1) return version(RENAME, '1', FSYNC, '1');
    if (answered++ === hangUpAt) {
      self.hangUp();
      return undefined;
    }
    return answered > hangUpAt ? undefined : answer(request);
  });
  const session = await openSession(server.client, { host: 'testhost' });
  const endpoint = sftpEndpoint(new SessionPool(session), byteString('/r'), 'testhost:/r');
  const told = new Map<number, string>();
  const tell = (index: number, what: string): void => {
    expect(told.has(index)).toBe(false);
    told.set(index, what);
  };
  const making = endpoint.makeMany?.(
    byteString(''),
    names.map((name) => ({ name: byteString(name), by: byteString(`.${name}`), size: 10 })),
    {
      content: (index) =>
        names[index]?.startsWith('unwanted') === true
          ? undefined
          : {
              blocks: [Buffer.from('0123456789')],
              attributes: { mode: 0o600, mtime: 0 },
              sync: true,
            },
      made: (index) => tell(index, 'made'),
      miss: (index) => tell(index, 'missed'),
    },
  );
  return { making, told, session, open, files };
}

describe('small files made on an SFTP server', () => {
  it('are told once each, whatever the server refuses, and nothing is left of those that are not made', async () => {
    const names = Array.from({ length: 40 }, (_, i) => NAMES.map((name) => `${name} ${i}`)).flat();
    const { making, told, session, open, files } = await make(names);
    await making;
    for (const [index, name] of names.entries()) expect(told.get(index), name).toBe(caseOf(name)?.told);
    const made = names.filter((name) => caseOf(name)?.told === 'made');
    expect([...files.keys()].sort()).toEqual(made.sort());
    for (const requests of files.values()) expect(requests).toEqual(['write', 'attributes', 'fsync']);
    expect([...open.values()]).toEqual([]);
    expect(session.load).toBe(0);
    session.close();
  });

  it('are left to the long way where the server takes fewer bytes in one write', async () => {
    const server = new ScriptedServer(({ type, id }) => {
      if (type === 1) return version(RENAME, '1', 'limits@openssh.com', '1');
      if (type === EXTENDED) return packet(201, id, 34_000n, 9n, 9n, 0n);
      return status(id, FAILURE);
    });
    const session = await openSession(server.client, { host: 'testhost' });
    const endpoint = sftpEndpoint(new SessionPool(session), byteString('/r'), 'testhost:/r');
    const missed: number[] = [];
    const files = NAMES.map((name) => ({ name: byteString(name), by: undefined, size: 10 }));
    await endpoint.makeMany?.(byteString(''), files, {
      content: () => undefined,
      made: () => {},
      miss: (index) => missed.push(index),
    });
    expect(missed).toEqual([...NAMES.keys()]);
    expect(server.requests.filter(({ type }) => type === OPEN)).toEqual([]);
    session.close();
  });

  it('end with the connection, wherever that is lost', async () => {
    for (let at = 0; at < 60; at++) {
      const { making, told, session } = await make(NAMES, at);
      const error = await making?.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error !== undefined) expect(isFailure(error, 'CONNECTION_LOST')).toBe(true);
      else expect(told.size).toBe(NAMES.length);
      for (const [index, what] of told) expect(what).toBe(caseOf(NAMES[index] ?? '')?.told);
      expect(session.load).toBe(0);
    }
  });
});
