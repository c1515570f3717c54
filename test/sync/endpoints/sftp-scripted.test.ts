import { describe, expect, test, vi } from 'vitest';
import { openSession } from '../../../src/ssh/sftp/session.ts';
import { SessionPool } from '../../../src/ssh/sftp/session-pool.ts';
import type { Endpoint, OnProblem } from '../../../src/sync/endpoint.ts';
import { sftpEndpoint } from '../../../src/sync/endpoints/sftp.ts';
import type { Entry } from '../../../src/sync/entry.ts';
import { byteString, fromText } from '../../../src/system/byte-string.ts';
import { codeOf, readFile } from '../../contract/files.ts';
import {
  packet,
  type ScriptedRequest,
  ScriptedServer,
  status,
  u32,
  u64,
  version,
} from '../../support/scripted-server.ts';

const p = byteString;
const [OPEN, CLOSE, READ, WRITE, LSTAT, FSTAT, SETSTAT, OPENDIR, READDIR, READLINK, EXTENDED] = [
  3, 4, 5, 6, 7, 8, 9, 11, 12, 19, 200,
] as const;
const FILE_MODE = 0o100644;

const attributes = (mode: number, size = 0): Buffer => Buffer.concat([u32(5), u64(BigInt(size)), u32(mode)]);

type Answers = Partial<
  Record<number, (request: ScriptedRequest, server: ScriptedServer) => Buffer | undefined>
>;

/** An endpoint on a server that answers as it is told: to the rest, of files, as if all were well. */
async function scripted(
  answers: Answers,
  options: { extensions?: string[]; onProblem?: OnProblem } = {},
): Promise<[Endpoint, ScriptedServer]> {
  const server = new ScriptedServer((request, self) => {
    const { type, id } = request;
    if (type === 1) return version(...(options.extensions ?? []).flatMap((name) => [name, '1']));
    const answer = answers[type];
    if (answer !== undefined) return answer(request, self);
    if (type === LSTAT || type === FSTAT) return packet(105, id, attributes(FILE_MODE));
    if (type === OPEN || type === OPENDIR) return packet(102, id, 'handle');
    return status(id, 0);
  });
  const pool = new SessionPool(await openSession(server.client, { host: 'testhost' }));
  return [sftpEndpoint(pool, fromText('/root'), 'testhost:/root', options), server];
}

/** The extension an EXTENDED request names. */
const extension = ({ body }: ScriptedRequest): string => body.toString('latin1', 4, 4 + body.readUInt32BE(0));

const statvfs = (id: number, changes: { available?: bigint; flags?: bigint } = {}): Buffer =>
  packet(
    201,
    id,
    4096n,
    4096n,
    100n,
    50n,
    changes.available ?? 50n,
    9n,
    9n,
    9n,
    1n,
    changes.flags ?? 0n,
    255n,
  );

describe('reading from a server that gives less than was asked for', () => {
  const content = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i * 7));
  const range = ({ body }: ScriptedRequest): [number, number] => {
    const handle = 4 + body.readUInt32BE(0);
    return [Number(body.readBigUInt64BE(handle)), body.readUInt32BE(handle + 8)];
  };
  const serve = (most: number, end = content.length): Answers => ({
    [READ]: (request) => {
      const [offset, length] = range(request);
      const bytes = content.subarray(offset, Math.min(offset + length, offset + most, end));
      return offset >= end ? status(request.id, 1) : packet(103, request.id, bytes.toString('latin1'));
    },
  });

  test('everything comes, in order', async () => {
    for (const most of [100_000, 32_768, 20_000, 9_999, 1_000]) {
      const [endpoint] = await scripted(serve(most));
      expect((await readFile(endpoint, p('file'), 0, content.length)).equals(content), `${most}`).toBe(true);
      expect((await readFile(endpoint, p('file'), 3, 70_001)).equals(content.subarray(3, 70_001))).toBe(true);
    }
  });

  test('a file that shrank ends where it ends', async () => {
    for (const end of [0, 1, 32_768, 50_000, 99_999]) {
      const [endpoint, server] = await scripted(serve(32_768, end));
      const part = await readFile(endpoint, p('file'), 0, content.length);
      expect(part.equals(content.subarray(0, end)), `${end}`).toBe(true);
      expect(server.requests.filter(({ type }) => type === READ).length).toBeLessThan(10);
    }
  });

  test('an empty answer is an end, and never asked for again and again', async () => {
    const [endpoint, server] = await scripted({ [READ]: ({ id }) => packet(103, id, '') });
    expect(await readFile(endpoint, p('file'), 0, 10_000_000)).toHaveLength(0);
    expect(server.requests.filter(({ type }) => type === READ).length).toBeLessThanOrEqual(16);
  });

  test('an error in the middle is an error', async () => {
    const [endpoint] = await scripted({
      [READ]: (request) =>
        range(request)[0] > 50_000 ? status(request.id, 4) : packet(103, request.id, 'x'.repeat(32_768)),
    });
    expect(await codeOf(readFile(endpoint, p('file'), 0, 100_000))).toBe('IO');
  });

  test('a connection lost in the middle rejects, and close settles', async () => {
    const [endpoint, server] = await scripted({
      [READ]: (request) =>
        range(request)[0] === 0 ? packet(103, request.id, 'x'.repeat(32_768)) : void server.hangUp(),
    });
    const file = await endpoint.openRead(p('file'));
    const blocks = file.read(0, 1_000_000)[Symbol.asyncIterator]();
    let got = 0;
    const lost = (async () => {
      for (let next = await blocks.next(); next.done !== true; next = await blocks.next())
        got += next.value.length;
    })();
    expect(await codeOf(lost)).toBe('CONNECTION_LOST');
    expect(got).toBe(32_768);
    await file.close();
    await file.close();
    await endpoint.close();
  });

  test('one file asks for as much ahead as fills a channel, many share it', async () => {
    const asked = (server: ScriptedServer): number =>
      server.requests.filter(({ type }) => type === READ).length;
    const [endpoint, server] = await scripted({ [READ]: () => undefined });
    const start = async (): Promise<void> => {
      const file = await endpoint.openRead(p('file'));
      void codeOf(file.read(0, 10_000_000)[Symbol.asyncIterator]().next());
      await new Promise(setImmediate);
    };
    await start();
    expect(asked(server)).toBe(16);
    for (let i = 1; i < 10; i++) await start();
    // 64 divided by the number of files, and never more than 16.
    expect(asked(server)).toBe(16 * 4 + 12 + 10 + 9 + 8 + 7 + 6);
    await endpoint.close();
  });
});

const LISTED: Entry = {
  name: p('x'),
  type: 'file',
  mode: 0o644,
  size: 0,
  mtime: 0,
  uid: 0,
  gid: 0,
  target: undefined,
  identity: undefined,
};

describe('opening at once what was listed as a file', () => {
  test('whatever is answered first', async () => {
    const looked: number[] = [];
    const [endpoint, server] = await scripted({
      [LSTAT]: ({ id }) => void looked.push(id),
      [OPEN]: ({ id }) => status(id, 2),
    });
    const opening = codeOf(endpoint.openRead(p('x'), LISTED));
    await new Promise((resolve) => setTimeout(resolve, 20));
    server.say(packet(105, looked[0] ?? 0, attributes(FILE_MODE)));
    expect(await opening).toBe('NOT_FOUND');
  });

  test('a handle on what turned out to be no file is closed', async () => {
    const [endpoint, server] = await scripted({ [LSTAT]: ({ id }) => packet(105, id, attributes(0o120777)) });
    expect(await codeOf(endpoint.openRead(p('x'), LISTED))).toBe('SYMLINK_IN_PATH');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(server.requests.map(({ type }) => type)).toContain(CLOSE);
  });
});

describe('writing', () => {
  test('an error of a write surfaces at the latest in close, and says why', async () => {
    const [endpoint] = await scripted(
      {
        [WRITE]: ({ id }) => status(id, 4),
        [EXTENDED]: ({ id }) => statvfs(id, { available: 0n }),
      },
      { extensions: ['statvfs@openssh.com'] },
    );
    const file = await endpoint.create(p('file'));
    await file.write(Buffer.alloc(10));
    expect(await codeOf(file.close())).toBe('NO_SPACE');
    const other = await endpoint.create(p('other'));
    const long = (async () => {
      for (let i = 0; i < 1000; i++) await other.write(Buffer.alloc(100_000));
    })();
    expect(await codeOf(long)).toBe('NO_SPACE');
    expect(await codeOf(other.close())).toBe('NO_SPACE');
  });

  test('an error of CLOSE is one', async () => {
    const [endpoint] = await scripted({ [CLOSE]: ({ id }) => status(id, 4) });
    const file = await endpoint.create(p('file'));
    await file.write(Buffer.alloc(10));
    expect(await codeOf(file.close())).toBe('IO');
  });

  test('answers that come behind that of CLOSE are waited for', async () => {
    const late: Buffer[] = [];
    const [endpoint, server] = await scripted({
      [WRITE]: ({ id }) => void late.push(status(id, 4)),
      [CLOSE]: ({ id }) => status(id, 0),
    });
    const file = await endpoint.create(p('file'));
    await file.write(Buffer.alloc(10));
    const closing = codeOf(file.close());
    await new Promise((resolve) => setTimeout(resolve, 20));
    server.say(Buffer.concat(late));
    expect(await closing).toBe('IO');
  });

  test('what cannot be created says why', async () => {
    const create = async (flags: bigint, available: bigint): Promise<string> => {
      const [endpoint] = await scripted(
        {
          [OPEN]: ({ id }) => status(id, 4),
          [LSTAT]: ({ id }) => status(id, 2),
          [EXTENDED]: ({ id }) => statvfs(id, { available, flags }),
        },
        { extensions: ['statvfs@openssh.com'] },
      );
      return codeOf(endpoint.create(p('file')));
    };
    expect(await create(0n, 50n)).toBe('IO');
    expect(await create(0n, 0n)).toBe('NO_SPACE');
    expect(await create(1n, 50n)).toBe('READ_ONLY');
  });
});

describe('a listing that cannot be trusted', () => {
  const directory: Answers = { [LSTAT]: ({ id }) => packet(105, id, attributes(0o40755)) };
  const names = (...all: readonly (readonly [string, number])[]): Answers => {
    let told = false;
    return {
      ...directory,
      [READDIR]: ({ id }) => {
        if (told) return status(id, 1);
        told = true;
        const entries = all.flatMap(([name, mode]) => [name, '', attributes(mode)]);
        return packet(104, id, all.length, ...entries);
      },
    };
  };

  test('names that are none are left out and reported', async () => {
    const problems: string[] = [];
    const [endpoint] = await scripted(
      names(
        ['z', FILE_MODE],
        ['..', 0o40755],
        ['.', 0o40755],
        ['../../etc/passwd', FILE_MODE],
        ['', FILE_MODE],
        ['nul\0', FILE_MODE],
        ['twice', FILE_MODE],
        ['a', FILE_MODE],
        ['twice', 0o120777],
      ),
      { onProblem: (path, error) => problems.push(`${path} ${error.code} ${error.facts['name']}`) },
    );
    expect((await endpoint.list(p('d'))).map(({ name }) => name)).toEqual(['a', 'twice', 'z']);
    expect(problems.sort()).toEqual([
      'd UNSAFE_NAME ',
      'd UNSAFE_NAME ../../etc/passwd',
      'd UNSAFE_NAME nul\\#000',
      'd UNSAFE_NAME twice',
    ]);
  });

  test('a symbolic link that vanished is left out; one that became a file is that file', async () => {
    const [endpoint] = await scripted({
      ...names(['changed', 0o120777], ['gone', 0o120777], ['link', 0o120777]),
      [READLINK]: ({ id, body }) => {
        if (body.toString().endsWith('link')) return packet(104, id, 1, 'target', '', 0);
        return status(id, body.toString().endsWith('gone') ? 2 : 5);
      },
      [LSTAT]: ({ id, body }) => {
        const path = body.toString();
        if (path.endsWith('gone')) return status(id, 2);
        return packet(105, id, attributes(path.endsWith('changed') ? FILE_MODE : 0o40755, 5));
      },
    });
    expect(await endpoint.list(p('d'))).toMatchObject([
      { name: 'changed', type: 'file', size: 5 },
      { name: 'link', type: 'symlink', target: 'target' },
    ]);
  });

  test('a server that does not tell files from directories cannot be used', async () => {
    const [endpoint] = await scripted({ [LSTAT]: ({ id }) => packet(105, id, 0) });
    expect(await codeOf(endpoint.lookup(p('x')))).toBe('UNSUPPORTED');
    expect(await codeOf(endpoint.openRead(p('x')))).toBe('UNSUPPORTED');
    expect(await codeOf(endpoint.list(p('x')))).toBe('UNSUPPORTED');
  });

  test('names that come behind the end count too', async () => {
    const asked: number[] = [];
    const [endpoint, server] = await scripted({ ...directory, [READDIR]: ({ id }) => void asked.push(id) });
    const listing = endpoint.list(p('d'));
    await vi.waitFor(() => expect(asked).toHaveLength(2));
    server.say(status(asked[0] ?? 0, 1));
    await new Promise((resolve) => setTimeout(resolve, 20));
    server.say(packet(104, asked[1] ?? 0, 1, 'late', '', attributes(FILE_MODE)));
    expect((await listing).map(({ name }) => name)).toEqual(['late']);
  });

  test('a directory that was moved while it was looked at is looked at again', async () => {
    const looked: number[] = [];
    const [endpoint, server] = await scripted({
      [LSTAT]: ({ id, body }) =>
        body.toString().endsWith('/d') ? void looked.push(id) : packet(105, id, attributes(FILE_MODE)),
    });
    const first = endpoint.openRead(p('d/x'));
    await vi.waitFor(() => expect(looked).toHaveLength(1));
    await endpoint.rename(p('d'), p('e'));
    server.say(packet(105, looked[0] ?? 0, attributes(0o40755)));
    await first;
    const second = codeOf(endpoint.openRead(p('d/y')));
    await vi.waitFor(() => expect(looked).toHaveLength(2));
    server.say(packet(105, looked[1] ?? 0, attributes(0o120777)));
    expect(await second).toBe('SYMLINK_IN_PATH');
  });

  test('a directory is looked at once, however many files are renamed meanwhile', async () => {
    const looked: number[] = [];
    const [endpoint, server] = await scripted({
      [LSTAT]: ({ id, body }) =>
        body.toString().endsWith('/d') ? void looked.push(id) : packet(105, id, attributes(FILE_MODE)),
    });
    const first = endpoint.openRead(p('d/x'));
    await vi.waitFor(() => expect(looked).toHaveLength(1));
    await endpoint.rename(p('a'), p('b'));
    server.say(packet(105, looked[0] ?? 0, attributes(0o40755)));
    await first;
    await endpoint.openRead(p('d/y'));
    expect(looked).toHaveLength(1);
  });

  test('a listing that breaks off is no listing', async () => {
    let count = 0;
    const [endpoint] = await scripted({
      ...directory,
      [READDIR]: ({ id }) =>
        count++ === 0 ? packet(104, id, 1, 'a', '', attributes(FILE_MODE)) : status(id, 4),
    });
    expect(await codeOf(endpoint.list(p('d')))).toBe('IO');
  });
});

describe('attributes where the server cannot set a mode without following', () => {
  const attempt = async (mode: number): Promise<[string, string[]]> => {
    const [endpoint, server] = await scripted(
      {
        [EXTENDED]: (request) => {
          const flags = request.body.readUInt32BE(4 + 'lsetstat@openssh.com'.length + 4 + '/root/x'.length);
          return status(request.id, extension(request) === 'lsetstat@openssh.com' && flags & 4 ? 4 : 0);
        },
        [LSTAT]: ({ id }) => packet(105, id, attributes(mode)),
      },
      { extensions: ['lsetstat@openssh.com'] },
    );
    const code = await codeOf(endpoint.setAttributes(p('x'), { uid: 1, gid: 1, mode: 0o600, mtime: 5e6 }));
    return [
      code,
      server.requests
        .slice(1)
        .map(({ type }) => ({ [EXTENDED]: 'l', [LSTAT]: '?', [SETSTAT]: 's' })[type] ?? '!'),
    ];
  };

  test('SETSTAT serves for what is no link, and never for one', async () => {
    expect(await attempt(FILE_MODE)).toEqual(['resolved', ['l', 'l', '?', 's']]);
    expect(await attempt(0o120777)).toEqual(['resolved', ['l', 'l', '?', 'l']]);
  });

  test('without lsetstat a link is refused', async () => {
    const [endpoint, server] = await scripted({ [LSTAT]: ({ id }) => packet(105, id, attributes(0o120777)) });
    expect(await codeOf(endpoint.setAttributes(p('x'), { mode: 0o600 }))).toBe('UNSUPPORTED');
    expect(server.requests.map(({ type }) => type)).not.toContain(SETSTAT);
  });
});
