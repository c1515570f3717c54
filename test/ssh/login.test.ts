import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Client, utils } from 'ssh2';
import SftpClient from 'ssh2-sftp-client';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { adopt } from '../../src/ssh/adopt.ts';
import { connect, resolveHost, type Target } from '../../src/ssh/connect.ts';
import { parseLocation } from '../../src/ssh/location.ts';
import type { ReachOptions } from '../../src/ssh/reach-options.ts';
import { openSession } from '../../src/ssh/sftp/session.ts';
import { abortsWithAddon } from '../../src/ssh/transports/ssh2-library.ts';
import { fromText } from '../../src/system/byte-string.ts';
import { sftpHello } from '../support/sftp-hello.ts';
import { type SftpServer, startSftpServer } from '../support/sftp-server.ts';

/** The ssh2 transport against a server in this process, which misbehaves on demand. */
describe('logging in by ssh2', () => {
  let directory: string;
  let server: SftpServer;
  let asking: SftpServer;

  beforeAll(async () => {
    vi.stubEnv('SSH_AUTH_SOCK', '');
    directory = mkdtempSync(join(tmpdir(), 'cellarman-login-'));
    server = await startSftpServer({ root: directory });
    asking = await startSftpServer({ root: directory, password: 'correct horse' });
  });
  beforeEach(() => {
    Object.assign(server.faults, { cutAfter: undefined, stallAfter: undefined, refuseLogin: false });
  });
  afterAll(async () => {
    await server.stop();
    await asking.stop();
    rmSync(directory, { recursive: true });
    vi.unstubAllEnvs();
  });

  const target = (to: SftpServer, options: ReachOptions = {}): Promise<Target> => {
    const location = parseLocation(`sftp://${to.user}@${to.host}:${to.port}/`);
    if (location.kind !== 'remote') throw new Error('not remote');
    return resolveHost(location, { knownHostsFiles: [to.knownHostsFile], ...options });
  };
  const passwordFile = (text: string): string => {
    const path = join(directory, 'password');
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };

  it('does without an ssh program', async () => {
    const path = process.env['PATH'] ?? '';
    vi.stubEnv('PATH', '/nowhere');
    const to = await target(server, { identityFiles: [server.identityFile] });
    vi.stubEnv('PATH', path);
    await using connection = await connect(to);
    expect(await sftpHello(await connection.openChannel())).toBe(3);
  });

  it('answers with the first line of the password file', async () => {
    const options = { passwordFile: passwordFile('correct horse\nand more\n') };
    await using connection = await connect(await target(asking, options));
    expect(await sftpHello(await connection.openChannel())).toBe(3);
  });

  it('answers with it where it is asked interactively only', async () => {
    const passwordBy = ['keyboard-interactive'] as const;
    const other = await startSftpServer({ root: directory, password: 'correct horse', passwordBy });
    try {
      const options = { passwordFile: passwordFile('correct horse') };
      await using connection = await connect(await target(other, options));
      expect(await sftpHello(await connection.openChannel())).toBe(3);
    } finally {
      await other.stop();
    }
  });

  it('names the ways that failed, and not the password', async () => {
    const options = { passwordFile: passwordFile('wrong horse') };
    const failed = connect(await target(asking, options));
    await expect(failed).rejects.toMatchObject({
      code: 'LOGIN_REFUSED',
      message: expect.stringMatching(/tried: password, keyboard-interactive; .*accepts password/),
    });
    await expect(failed).rejects.not.toMatchObject({ message: expect.stringContaining('horse') });
  });

  it.each([
    ['', 'USAGE', /empty/],
    ['\nsecond line', 'USAGE', /empty/],
  ])('refuses a password file with nothing in it', async (text, code, message) => {
    const refused = connect(await target(asking, { passwordFile: passwordFile(text) }));
    await expect(refused).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('names files that are missing, and not as something of the host', async () => {
    const refused = connect(await target(asking, { passwordFile: '/nowhere/password' }));
    await expect(refused).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(/password/),
    });
    await expect(target(server, { identityFiles: ['/nowhere/key'] })).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(/\/nowhere\/key/),
    });
  });

  it('says why a key was not tried', async () => {
    const encrypted = join(directory, 'encrypted');
    const key = utils.generateKeyPairSync('ed25519', {
      passphrase: 'secret',
      cipher: 'aes256-cbc',
      rounds: 4,
    });
    writeFileSync(encrypted, key.private, { mode: 0o600 });
    await expect(connect(await target(server, { identityFiles: [encrypted] }))).rejects.toMatchObject({
      code: 'LOGIN_REFUSED',
      message: expect.stringMatching(/encrypted is encrypted and not in the agent \(run: ssh-add/),
    });
  });

  it('says that a key is refused by a server that lets nobody in', async () => {
    server.faults.refuseLogin = true;
    const { identityFile } = server;
    await expect(connect(await target(server, { identityFiles: [identityFile] }))).rejects.toMatchObject({
      code: 'LOGIN_REFUSED',
      message: expect.stringContaining(`tried: ${identityFile}; it accepts publickey`),
    });
  });

  it('connects from a worker thread with nothing but its target', async () => {
    const data = await target(server, { identityFiles: [server.identityFile] });
    const file = new URL('../support/reach-worker.ts', import.meta.url);
    // A worker cannot be started from TypeScript on Node 20, but can load it.
    const code = `import('tsx/esm/api').then(({ register }) => (register(), import('${file}')))`;
    const worker = new Worker(code, { eval: true, workerData: data });
    expect(await once(worker, 'message')).toEqual([3]);
    await once(worker, 'exit');
  });

  it('opens as many channels as it says', async () => {
    await using connection = await connect(await target(server, { identityFiles: [server.identityFile] }));
    const channels = await Promise.all(
      Array.from({ length: connection.maxChannels }, () => connection.openChannel()),
    );
    expect(await Promise.all(channels.map(sftpHello))).toEqual(channels.map(() => 3));
  });

  it('rejects what is under way when the connection is cut', async () => {
    writeFileSync(join(directory, 'large'), Buffer.alloc(1_000_000));
    await using connection = await connect(await target(server, { identityFiles: [server.identityFile] }));
    const session = await openSession(await connection.openChannel(), { host: connection.host });
    const handle = await session.open(fromText('/large'), 1);
    server.faults.cutAfter = 100_000;
    const reads = [0, 1, 2, 3].map((n) => session.read(handle, n * 200_000, 200_000));
    for (const read of await Promise.allSettled(reads)) {
      expect(read).toMatchObject({ status: 'rejected', reason: { code: 'CONNECTION_LOST' } });
    }
    await expect(connection.openChannel()).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  });

  it('gives up a host that says nothing for as long as --timeout allows', async () => {
    await using connection = await connect(await target(server, { identityFiles: [server.identityFile] }));
    const options = { host: connection.host, timeout: 0.6 };
    const session = await openSession(await connection.openChannel(), options);
    server.faults.stallAfter = 1;
    await expect(session.realpath(fromText('.'))).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringMatching(/0\.6 seconds/),
    });
  });

  it('gives up no connection on which nothing is waited for', async () => {
    await using connection = await connect(await target(server, { identityFiles: [server.identityFile] }));
    const options = { host: connection.host, timeout: 0.6 };
    const session = await openSession(await connection.openChannel(), options);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(await session.realpath(fromText('.'))).toBe('/');
  });

  it('stops at an abort signal in the middle of a login', async () => {
    const mute = createServer().listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const address = mute.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const abort = new AbortController();
    const connecting = connect(await target({ ...server, port }), { signal: abort.signal });
    const [socket] = await once(mute, 'connection');
    // The first words of the client show that the connection is made and the login begun.
    socket.once('data', () => abort.abort());
    await expect(connecting).rejects.toMatchObject({ code: 'ABORTED' });
    mute.close();
  });

  it('closes although the host has fallen silent', async () => {
    const connection = await connect(await target(server, { identityFiles: [server.identityFile] }));
    const session = await openSession(await connection.openChannel(), { host: connection.host });
    server.faults.stallAfter = 1;
    const waiting = session.realpath(fromText('.'));
    waiting.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 200));
    await connection.close();
    await expect(waiting).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  });

  it('adopts an open ssh2 Client and leaves it open', async () => {
    const { host, port, user: username, identityFile } = server;
    const client = new Client();
    await new Promise((resolve, reject) => {
      client.once('ready', () => resolve(undefined)).once('error', reject);
      client.connect({ host, port, username, privateKey: readFileSync(identityFile) });
    });
    for (let times = 0; times < 2; times++) {
      const connection = adopt(client);
      expect(connection.host).toBe(`demo@127.0.0.1:${port}`);
      expect(await sftpHello(await connection.openChannel())).toBe(3);
      await connection.close();
      await expect(connection.openChannel()).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    }
    client.end();
  });

  it('adopts an ssh2-sftp-client', async () => {
    const { host, port, user: username, identityFile } = server;
    const client = new SftpClient();
    await client.connect({ host, port, username, privateKey: readFileSync(identityFile) });
    expect(await sftpHello(await adopt(client).openChannel())).toBe(3);
    expect(await client.exists('/')).toBe('d');
    await client.end();
  });

  it.each([undefined, null, {}, 'client', { client: {} }])('does not adopt %j', (given) => {
    expect(() => adopt(given)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});

it('knows the Node versions that the native addon of ssh2 brings down', () => {
  expect(['20.20.2', '22.22.0', '24.18.1', '24.19.0', '24.21.0', '26.1.0'].map(abortsWithAddon)).toEqual([
    false,
    false,
    false,
    true,
    true,
    false,
  ]);
});
