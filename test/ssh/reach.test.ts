import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { connect, resolveHost, type Target } from '../../src/ssh/connect.ts';
import type { Connection } from '../../src/ssh/connection.ts';
import { parseLocation } from '../../src/ssh/location.ts';
import type { ReachOptions } from '../../src/ssh/reach-options.ts';
import type { ErrorCode } from '../../src/system/errors.ts';
import { descendants } from '../support/descendants.ts';
import { requireProgram } from '../support/programs.ts';
import { sftpHello } from '../support/sftp-hello.ts';
import { startSshAgent } from '../support/ssh-agent.ts';
import { freePort, generateKey, type Sshd, startSshd } from '../support/sshd.ts';

const ready = requireProgram('sshd', 'ssh', 'ssh-keygen', 'ssh-agent');

/** A transport as the command line would choose it, told to leave this machine's own SSH settings out of it. */
const transports: Record<string, Partial<ReachOptions>> = {
  ssh2: {},
  'ssh command': { rsh: 'ssh -F none -o IdentityAgent=SSH_AUTH_SOCK -o StrictHostKeyChecking=yes' },
};

describe.skipIf(!ready).each(Object.entries(transports))('reaching a host by %s', (name, transport) => {
  let sshd: Sshd;
  const connections: Connection[] = [];

  beforeAll(async () => {
    sshd = await startSshd();
    vi.stubEnv('SSH_AUTH_SOCK', '');
  });
  afterEach(async () => {
    await Promise.all(connections.splice(0).map((connection) => connection.close()));
    vi.stubEnv('SSH_AUTH_SOCK', '');
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await sshd.stop();
  });

  const options = (more: ReachOptions = {}): ReachOptions => ({
    ...transport,
    identityFiles: [sshd.identityFile],
    knownHostsFiles: [sshd.knownHostsFile],
    ...more,
  });
  const target = (more: ReachOptions = {}, port = sshd.port, host = sshd.host): Promise<Target> => {
    const location = parseLocation(`sftp://${sshd.user}@${host}:${port}/`);
    if (location.kind !== 'remote') throw new Error('not remote');
    return resolveHost(location, options(more));
  };
  const open = async (to: Target | Promise<Target>, signal?: AbortSignal): Promise<Connection> => {
    const connection = await connect(await to, signal === undefined ? {} : { signal });
    connections.push(connection);
    return connection;
  };
  /** What goes wrong on the way to a working channel: some of it shows at the connection, some at the channel. */
  const problem = async (to: Promise<Target>): Promise<unknown> => {
    try {
      const channel = await (await open(to)).openChannel();
      return await new Promise((resolve) => {
        channel.once('error', resolve);
        sftpHello(channel).then(resolve, () => {});
      });
    } catch (error) {
      return error;
    }
  };
  const failing = (code: ErrorCode, message: RegExp | string = /./): unknown =>
    expect.objectContaining({ code, message: expect.stringMatching(message) });
  const file = (name: string, content: string): string => {
    const path = join(sshd.directory, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };

  it('logs in with a key and speaks SFTP', async () => {
    const connection = await open(target());
    expect(connection.host).toBe(`${sshd.user}@127.0.0.1:${sshd.port}`);
    expect(await sftpHello(await connection.openChannel())).toBe(3);
  });

  it('carries its target through a structured clone, as a worker gets it', async () => {
    const connection = await open(structuredClone(await target()));
    expect(await sftpHello(await connection.openChannel())).toBe(3);
  });

  it('logs in with a key of the agent', async () => {
    const agent = await startSshAgent();
    try {
      agent.add(sshd.identityFile);
      vi.stubEnv('SSH_AUTH_SOCK', agent.socket);
      const connection = await open(target({ identityFiles: [] }));
      expect(await sftpHello(await connection.openChannel())).toBe(3);
    } finally {
      agent.stop();
    }
  });

  it('logs in with an encrypted key that is in the agent', async () => {
    const agent = await startSshAgent();
    try {
      agent.add(sshd.identityFile);
      vi.stubEnv('SSH_AUTH_SOCK', agent.socket);
      const path = join(sshd.directory, `encrypted-${name.length}`);
      copyFileSync(sshd.identityFile, path);
      copyFileSync(`${sshd.identityFile}.pub`, `${path}.pub`);
      execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'secret', '-f', path]);
      const connection = await open(target({ identityFiles: [path] }));
      expect(await sftpHello(await connection.openChannel())).toBe(3);
    } finally {
      agent.stop();
    }
  });

  it('offers the key meant for the host first, however many the agent has', async () => {
    const agent = await startSshAgent();
    try {
      for (let n = 0; n < 8; n++) {
        const path = join(sshd.directory, `other-${name.length}-${n}`);
        generateKey(path);
        agent.add(path);
      }
      agent.add(sshd.identityFile);
      vi.stubEnv('SSH_AUTH_SOCK', agent.socket);
      const connection = await open(target());
      expect(await sftpHello(await connection.openChannel())).toBe(3);
    } finally {
      agent.stop();
    }
  });

  it('says what it tried when the login is refused', async () => {
    const stranger = join(sshd.directory, `stranger-${name.length}`);
    generateKey(stranger);
    const error = await problem(target({ identityFiles: [stranger] }));
    expect(error).toEqual(failing('LOGIN_REFUSED', name === 'ssh2' ? stranger : /Permission denied/));
  });

  it('refuses an unknown host key and does not ask', async () => {
    const error = await problem(target({ knownHostsFiles: [file('empty', '')] }));
    expect(error).toEqual(failing('HOST_KEY_UNKNOWN', new RegExp(`127\\.0\\.0\\.1:${sshd.port}`)));
  });

  it('names the line of a host key that has changed', async () => {
    const other = join(sshd.directory, `other-host-${name.length}`);
    generateKey(other);
    const key = readFileSync(`${other}.pub`, 'utf8');
    const known = file('changed', `# a comment\n[127.0.0.1]:${sshd.port} ${key}`);
    expect(await problem(target({ knownHostsFiles: [known] }))).toEqual(
      failing('HOST_KEY_CHANGED', `${known}:2`),
    );
  });

  it('refuses a revoked host key that is also listed as good', async () => {
    const known = file('revoked', readFileSync(sshd.knownHostsFile, 'utf8'));
    appendFileSync(known, `@revoked * ${sshd.hostKeys[0]}\n`);
    expect(await problem(target({ knownHostsFiles: [known] }))).toEqual(failing('HOST_KEY_REVOKED'));
  });

  it('knows a host by its hashed name', async () => {
    const known = file('hashed', readFileSync(sshd.knownHostsFile, 'utf8'));
    execFileSync('ssh-keygen', ['-q', '-H', '-f', known], { stdio: 'ignore' });
    expect(readFileSync(known, 'latin1')).toMatch(/^\|1\|/);
    const connection = await open(target({ knownHostsFiles: [file('none', ''), known] }));
    expect(await sftpHello(await connection.openChannel())).toBe(3);
  });

  it('asks for the type of host key it knows', async () => {
    const server = await startSshd({ hostKeys: ['ed25519', 'ecdsa', 'rsa'] });
    try {
      const authorized = readFileSync(`${sshd.identityFile}.pub`);
      writeFileSync(server.authorizedKeysFile, authorized);
      for (const key of server.hostKeys) {
        const known = file('one-type', `[127.0.0.1]:${server.port} ${key}\n`);
        const connection = await open(target({ knownHostsFiles: [known] }, server.port));
        expect(await sftpHello(await connection.openChannel())).toBe(3);
      }
    } finally {
      await server.stop();
    }
  });

  it('says so when the server has no SFTP', async () => {
    const server = await startSshd({ sftp: false });
    const broken = await startSshd({ sftp: '/nowhere/sftp-server' });
    try {
      for (const { port, identityFile, knownHostsFile } of [server, broken]) {
        const options = { identityFiles: [identityFile], knownHostsFiles: [knownHostsFile] };
        expect(await problem(target(options, port))).toEqual(failing('NO_SFTP'));
      }
    } finally {
      await server.stop();
      await broken.stop();
    }
  });

  it('says so when nothing listens, or something else than SSH', async () => {
    expect(await problem(target({}, await freePort()))).toEqual(failing('HOST_UNREACHABLE'));
    const web = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(
      0,
      '127.0.0.1',
    );
    await once(web, 'listening');
    const address = web.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    expect(await problem(target({}, port))).toEqual(failing('HOST_UNREACHABLE'));
    web.close();
  });

  it('says so when there is no such host', async () => {
    expect(await problem(target({}, 22, 'nowhere.invalid' as '127.0.0.1'))).toEqual(
      failing('HOST_UNREACHABLE'),
    );
  });

  it('errors the channel when the connection dies', async () => {
    const connection = await open(target());
    const channel = await connection.openChannel();
    await sftpHello(channel);
    const lost = new Promise((resolve) => channel.once('error', resolve));
    sshd.dropConnections();
    expect(await lost).toEqual(failing('CONNECTION_LOST', /127\.0\.0\.1/));
    // Writing into what is dead must neither throw nor wait for ever.
    channel.on('error', () => {});
    await new Promise((resolve) => channel.write('x', resolve));
    await connection.close();
  });

  it('stops at an abort signal', async () => {
    await expect(open(target(), AbortSignal.abort())).rejects.toEqual(failing('ABORTED'));
    const connection = await open(target());
    await expect(connection.openChannel(AbortSignal.abort())).rejects.toEqual(failing('ABORTED'));
  });

  it('closes twice, ends its channels and leaves no process behind', async () => {
    const before = descendants(process.pid).length;
    const connection = await open(target());
    const channel = await connection.openChannel();
    await sftpHello(channel);
    const closed = new Promise((resolve) => channel.once('close', resolve));
    await Promise.all([connection.close(), connection.close()]);
    await closed;
    // The server's own processes for the session end by themselves.
    await expect.poll(() => descendants(process.pid).length, { timeout: 10_000 }).toBeLessThanOrEqual(before);
  });

  it('refuses a password file that others can read', async () => {
    const path = file('password', 'secret\n');
    chmodSync(path, 0o644);
    const error = await problem(target({ passwordFile: path }));
    expect(error).toEqual(failing('USAGE', /password/));
  });
});
