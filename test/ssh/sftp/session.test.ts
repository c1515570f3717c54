import { Duplex } from 'node:stream';
import { describe, expect, test, vi } from 'vitest';
import { OpenFlag } from '../../../src/ssh/sftp/protocol.ts';
import { openSession, type SftpHandle, type SftpSession } from '../../../src/ssh/sftp/session.ts';
import { SftpStatus } from '../../../src/ssh/sftp/status.ts';
import { byteString } from '../../../src/system/byte-string.ts';
import { failure } from '../../../src/system/errors.ts';
import { codeOf } from '../../contract/files.ts';
import { packet, type Script, ScriptedServer, status, u32, version } from '../../support/scripted-server.ts';

const PATH = byteString('/x');
const FILE: SftpHandle = { id: byteString('h'), path: PATH };

/** A session that is open; `script` has the requests after it. */
async function opened(script: Script, ...extensions: string[]): Promise<[SftpSession, ScriptedServer]> {
  const server = new ScriptedServer((request, self) =>
    request.type === 1 ? version(...extensions) : script(request, self),
  );
  const session = await openSession(server.client, { host: 'testhost' });
  server.pieces.length = 0;
  server.requests.length = 0;
  return [session, server];
}

/** One of every request. */
const REQUESTS: Record<string, (session: SftpSession) => Promise<unknown>> = {
  open: (session) => session.open(PATH, OpenFlag.READ),
  opendir: (session) => session.opendir(PATH),
  close: (session) => session.closeHandle(FILE),
  read: (session) => session.read(FILE, 0, 100),
  readdir: (session) => session.readdir(FILE),
  write: (session) => session.write(FILE, 0, Buffer.alloc(100)),
  fstat: (session) => session.fstat(FILE),
  lstat: (session) => session.lstat(PATH),
  stat: (session) => session.stat(PATH),
  fsetstat: (session) => session.fsetstat(FILE, { mode: 0 }),
  setstat: (session) => session.setstat(PATH, { mode: 0 }),
  remove: (session) => session.remove(PATH),
  rmdir: (session) => session.rmdir(PATH),
  mkdir: (session) => session.mkdir(PATH),
  realpath: (session) => session.realpath(PATH),
  readlink: (session) => session.readlink(PATH),
  symlink: (session) => session.symlink(PATH, PATH),
  rename: (session) => session.rename(PATH, PATH),
};
const EXTENDED: typeof REQUESTS = {
  'lsetstat@openssh.com': (session) => session.lsetstat(PATH, { mode: 0 }),
  'posix-rename@openssh.com': (session) => session.posixRename(PATH, PATH),
  'hardlink@openssh.com': (session) => session.hardlink(PATH, PATH),
  'fsync@openssh.com': (session) => session.fsync(FILE),
  'statvfs@openssh.com': (session) => session.statvfs(PATH),
  'copy-data': (session) => session.copyData(FILE, 0, 0, FILE, 0),
  'users-groups-by-id@openssh.com': (session) => session.usersGroupsById([0], [0]),
};
const ALL_EXTENSIONS = Object.keys(EXTENDED).flatMap((name) => [name, '1']);

describe('opening a session', () => {
  const open = (script: Script): Promise<string> =>
    codeOf(openSession(new ScriptedServer(script).client, { host: 'testhost' }));

  test('gives what the server announces', async () => {
    const [session] = await opened(() => undefined, 'fsync@openssh.com', '1', 'own', '\xff');
    expect([...session.extensions]).toEqual([
      ['fsync@openssh.com', '1'],
      ['own', '\xff'],
    ]);
    expect(session.supports('fsync@openssh.com')).toBe(true);
    expect(session.supports('copy-data')).toBe(false);
    expect(session.limits).toEqual({ read: 32768, write: 32768, handles: undefined });
  });

  test('asks for limits where they are announced, and does without where they are refused', async () => {
    const limits = (answer: (id: number) => Buffer): Promise<SftpSession> =>
      openSession(
        new ScriptedServer(({ type, id }) => (type === 1 ? version('limits@openssh.com', '1') : answer(id)))
          .client,
      );
    const told = await limits((id) => packet(201, id, 262144n, 100_000n, 200_000n, 64n));
    expect(told.limits).toEqual({ read: 100_000, write: 200_000, handles: 64 });
    expect((await limits((id) => status(id, 8))).limits.read).toBe(32768);
  });

  test('NO_SFTP where something else answers', async () => {
    expect(await open((_, server) => void server.hangUp())).toBe('NO_SFTP');
    expect(await open(() => Buffer.from('This account is not available.\n'))).toBe('NO_SFTP');
    expect(await open(() => packet(2, 2))).toBe('NO_SFTP');
    expect(await open(() => packet(2))).toBe('NO_SFTP');
    expect(await open(() => status(0, 4))).toBe('NO_SFTP');
    const old = new ScriptedServer(() => packet(2, 2));
    await expect(openSession(old.client)).rejects.toThrow('it speaks version 2, not 3');
    expect(old.client.destroyed).toBe(true);
  });

  test('passes on why the transport ended', async () => {
    const refused = failure('LOGIN_REFUSED', { host: 'testhost', user: 'me', tried: 'nothing' });
    const server = new ScriptedServer(() => undefined);
    const opening = openSession(server.client);
    server.client.destroy(refused);
    await expect(opening).rejects.toBe(refused);
    const broken = new ScriptedServer(() => undefined);
    const lost = openSession(broken.client);
    broken.client.destroy(new Error('ECONNRESET'));
    await expect(lost).rejects.toMatchObject({ code: 'CONNECTION_LOST', message: /ECONNRESET/ });
    expect(await codeOf(openSession(broken.client))).toBe('NO_SFTP');
  });

  test('can be aborted before, during, and has no effect after', async () => {
    const server = new ScriptedServer(() => undefined);
    expect(await codeOf(openSession(server.client, { signal: AbortSignal.abort() }))).toBe('ABORTED');
    expect(server.client.destroyed).toBe(true);
    const controller = new AbortController();
    const opening = codeOf(
      openSession(new ScriptedServer(() => undefined).client, { signal: controller.signal }),
    );
    controller.abort();
    expect(await opening).toBe('ABORTED');
    const late = new AbortController();
    const quick = new ScriptedServer(({ type, id }) => (type === 1 ? version() : status(id, 0)));
    const session = await openSession(quick.client, { signal: late.signal });
    late.abort();
    await session.remove(PATH);
  });
});

describe('requests', () => {
  test('of one turn leave in one write', async () => {
    const [session, server] = await opened(({ id }) => status(id, 0));
    await Promise.all(Array.from({ length: 100 }, () => session.remove(PATH)));
    expect(server.pieces).toHaveLength(1);
    expect(server.requests).toHaveLength(100);
  });

  test('made by those who waited for answers of one chunk leave in one write too', async () => {
    const [session, server] = await opened(() => undefined);
    const two = async (): Promise<void> => {
      await session.remove(PATH);
      await session.rmdir(PATH);
    };
    const all = Promise.all(Array.from({ length: 50 }, two));
    await vi.waitFor(() => expect(server.requests).toHaveLength(50));
    server.say(Buffer.concat(server.requests.map(({ id }) => status(id, 0))));
    await vi.waitFor(() => expect(server.requests).toHaveLength(100));
    expect(server.pieces).toHaveLength(2);
    server.say(Buffer.concat(server.requests.slice(50).map(({ id }) => status(id, 0))));
    await all;
  });

  test('wait for the stream to drain', async () => {
    let writes = 0;
    let drain = (): void => {};
    const stream = new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        writes++;
        if (chunk[4] === 1) {
          this.push(version());
          done();
        } else drain = done;
      },
      writableHighWaterMark: 10,
    });
    const session = await openSession(stream);
    const first = session.remove(PATH);
    await vi.waitFor(() => expect(writes).toBe(2));
    const more: Promise<string>[] = [];
    for (let i = 0; i < 5; i++) {
      more.push(codeOf(session.write(FILE, 0, Buffer.alloc(100_000))));
      await new Promise(setImmediate);
    }
    // All of it waits in the session; the stream's own queue stays as short as it wants to have it.
    expect(writes).toBe(2);
    expect(stream.writableLength).toBeLessThan(100);
    drain();
    await vi.waitFor(() => expect(writes).toBe(3));
    session.close();
    expect(await codeOf(first)).toBe('CONNECTION_LOST');
    expect(await Promise.all(more)).toEqual(Array(5).fill('CONNECTION_LOST'));
  });

  test('are matched with their answers in whatever order these come', async () => {
    const [session, server] = await opened(() => undefined);
    const links = ['a', 'b', 'c'].map((name) => session.readlink(byteString(name)));
    await vi.waitFor(() => expect(server.requests).toHaveLength(3));
    for (const { id, body } of server.requests.toReversed()) {
      server.say(packet(104, id, 1, `to ${body.subarray(4)}`, '', 0));
    }
    expect(await Promise.all(links)).toEqual(['to a', 'to b', 'to c']);
  });

  test('content is bounded on its way in and out', async () => {
    const [session, server] = await opened(() => undefined);
    const size = 1024 * 1024;
    const reads = Array.from({ length: 10 }, () => session.read(FILE, 0, size));
    await vi.waitFor(() => expect(server.requests).toHaveLength(4));
    expect(session.load).toBe(4 * size);
    for (let i = 0; i < 10; i++) {
      await vi.waitFor(() => expect(server.requests.length).toBeGreaterThan(i));
      server.say(packet(103, server.requests[i]?.id ?? 0, 'x'));
    }
    expect((await Promise.all(reads)).map((blocks) => Buffer.concat(blocks).toString())).toEqual(
      Array(10).fill('x'),
    );
    expect([session.load, session.waiting]).toEqual([0, 0]);

    expect(session.writeRoom(4 * size)).toBeUndefined();
    const room = session.writeRoom(size);
    expect(room).toBeInstanceOf(Promise);
    const written = session.write(FILE, 0, Buffer.alloc(4 * size));
    await vi.waitFor(() => expect(server.requests).toHaveLength(11));
    server.say(status(server.requests[10]?.id ?? 0, 0));
    await written;
    await room;
    expect(session.load).toBe(size);
    // More than there ever is room for passes when nothing else is under way.
    const [other] = await opened(() => undefined);
    expect(other.writeRoom(100 * size)).toBeUndefined();
  });

  test('without the extension announced are UNSUPPORTED and send nothing', async () => {
    const [session, server] = await opened(() => undefined);
    for (const [name, request] of Object.entries(EXTENDED)) {
      await expect(request(session)).rejects.toMatchObject({
        code: 'UNSUPPORTED',
        facts: { operation: name, where: 'testhost' },
      });
    }
    expect(server.requests).toEqual([]);
  });
});

describe('statuses', () => {
  test('become errors of paths, with what the server said as their cause', async () => {
    const codes = [
      '',
      'IO',
      'NOT_FOUND',
      'PERMISSION_DENIED',
      'IO',
      'IO',
      'CONNECTION_LOST',
      'CONNECTION_LOST',
      'UNSUPPORTED',
      'IO',
    ];
    for (const [code, expected] of codes.entries()) {
      if (code === 0) continue;
      const [session] = await opened(({ id }) => status(id, code, 'w\xffhy'));
      await expect(session.remove(PATH)).rejects.toMatchObject({
        code: expected,
        cause: new SftpStatus(code, byteString('w\xffhy')),
      });
      // It was an answer: the session goes on.
      expect(session.failure).toBeUndefined();
    }
    const [session] = await opened(({ id }) => status(id, 4, 'w\x1bhy'));
    await expect(session.mkdir(PATH)).rejects.toMatchObject({
      message: 'input/output error on testhost:/x: mkdir: w\\#033hy (SFTP status 4)',
    });
  });

  test('without their text, as of old servers', async () => {
    const [session] = await opened(({ id }) => packet(101, id, 2));
    expect(await codeOf(session.remove(PATH))).toBe('NOT_FOUND');
  });

  test('EOF is the end of a file and of a directory, and an error elsewhere', async () => {
    const [session] = await opened(({ id }) => status(id, 1));
    expect(await session.read(FILE, 0, 10)).toEqual([]);
    expect(await session.readdir(FILE)).toBeUndefined();
    expect(await codeOf(session.stat(PATH))).toBe('IO');
  });
});

describe('a server that breaks the protocol', () => {
  const answers: Record<string, (id: number) => Buffer> = {
    'an answer nobody asked for': (id) => status(id + 1, 0),
    'a second answer': (id) => Buffer.concat([status(id, 0), status(id, 0)]),
    'another kind of answer': (id) => packet(102, id, 'handle'),
    attributes: (id) => packet(105, id, 0),
    'content for what is no read': (id) => packet(103, id, 'content'),
    'an unknown packet': (id) => packet(99, id),
    'a second greeting': () => version(),
    'half a status': (id) => packet(101, id, Buffer.from([0, 0])),
    'a packet too long': () => u32(0x7fffffff),
  };
  for (const [what, answer] of Object.entries(answers)) {
    test(`${what} ends the session, and everything is rejected`, async () => {
      const [session] = await opened(({ id, type }) => (type === 13 ? answer(id) : undefined));
      const outcomes = await Promise.all([
        codeOf(session.lstat(PATH)),
        codeOf(session.remove(PATH)),
        codeOf(session.read(FILE, 0, 5)),
      ]);
      // A proper first answer may have come before the improper one.
      expect(outcomes[1]).toBe(what === 'a second answer' ? 'resolved' : 'PROTOCOL');
      expect([outcomes[0], outcomes[2]]).toEqual(['PROTOCOL', 'PROTOCOL']);
      expect(await codeOf(session.lstat(PATH))).toBe('PROTOCOL');
      expect(session.failure?.code).toBe('PROTOCOL');
    });
  }

  test('OK where an answer with content is due, and more content than was asked for', async () => {
    const [ok] = await opened(({ id }) => status(id, 0));
    expect(await codeOf(ok.stat(PATH))).toBe('PROTOCOL');
    const [more] = await opened(({ id }) => packet(103, id, 'content'));
    expect(await codeOf(more.read(FILE, 0, 6))).toBe('PROTOCOL');
  });
});

describe('a stream that dies', () => {
  const deaths: Record<string, (server: ScriptedServer) => void> = {
    ends: (server) => server.hangUp(),
    'is destroyed': (server) => void server.client.destroy(),
    errs: (server) => void server.client.destroy(new Error('ECONNRESET')),
    'ends within a packet': (server) => {
      server.say(status(1, 0).subarray(0, 6));
      server.hangUp();
    },
    'ends within content': (server) => {
      server.say(packet(103, 4, 'x'.repeat(100)).subarray(0, 50));
      server.hangUp();
    },
  };
  for (const [how, die] of Object.entries(deaths)) {
    test(`${how}: what waits and what comes later is rejected`, async () => {
      const [session, server] = await opened(() => undefined, ...ALL_EXTENSIONS);
      const all = Object.values({ ...REQUESTS, ...EXTENDED });
      const waiting = all.map((request) => codeOf(request(session)));
      // Reads that still wait for room, and a writer that does.
      for (let i = 0; i < 6; i++) waiting.push(codeOf(session.read(FILE, 0, 1024 * 1024)));
      void session.writeRoom(4 * 1024 * 1024);
      waiting.push(codeOf(Promise.resolve(session.writeRoom(1024))));
      await vi.waitFor(() => expect(server.requests.length).toBeGreaterThanOrEqual(all.length));
      die(server);
      expect(new Set(await Promise.all(waiting))).toEqual(new Set(['CONNECTION_LOST']));
      const later = await Promise.all(all.map((request) => codeOf(request(session))));
      expect(new Set(later)).toEqual(new Set(['CONNECTION_LOST']));
      expect(await codeOf(Promise.resolve(session.writeRoom(1)))).toBe('CONNECTION_LOST');
      expect(session.waiting).toBe(0);
      expect(session.failure?.code).toBe('CONNECTION_LOST');
    });
  }

  test('by close, which can be called again', async () => {
    const [session, server] = await opened(() => undefined);
    const waiting = codeOf(session.remove(PATH));
    session.close();
    session.close();
    expect(await waiting).toBe('CONNECTION_LOST');
    expect(server.client.destroyed).toBe(true);
    expect(await codeOf(session.remove(PATH))).toBe('CONNECTION_LOST');
  });

  test('twice: a late error harms nothing', async () => {
    const [session, server] = await opened(() => undefined);
    session.close();
    server.client.emit('error', new Error('late'));
    server.client.emit('data', Buffer.from('late'));
    expect(session.failure?.code).toBe('CONNECTION_LOST');
  });
});
