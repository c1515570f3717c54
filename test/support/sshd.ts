import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { descendants } from './descendants.ts';
import { findProgram } from './programs.ts';

export type HostKeyType = 'ed25519' | 'ecdsa' | 'rsa';

export interface SshdOptions {
  /** Lines for sshd_config, before our own: the first value of a keyword wins. */
  readonly config?: readonly string[];
  /** What the `sftp` subsystem runs; false: the server has none. Default `internal-sftp`. */
  readonly sftp?: string | false;
  /** Default: ed25519 only. */
  readonly hostKeys?: readonly HostKeyType[];
  /** Default: any free port. */
  readonly port?: number;
}

export interface Sshd {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** Of the listener; sessions are its descendants. */
  readonly pid: number;
  /** Who runs the tests: an sshd that is not root can let nobody else in. */
  readonly user: string;
  /** Scratch directory of this server; removed by `stop`. */
  readonly directory: string;
  /** The user's private key (ed25519, no passphrase); `.pub` beside it. */
  readonly identityFile: string;
  readonly knownHostsFile: string;
  /** For `ssh -F`: all of the above for the host name `testhost` and for 127.0.0.1. */
  readonly sshConfigFile: string;
  readonly authorizedKeysFile: string;
  /** Public host keys as in a `.pub` file, without the comment. */
  readonly hostKeys: readonly string[];
  /** Everything the server has said so far. */
  log(): string;
  /** Kills every session, as a network failure would; the server keeps listening. */
  dropConnections(): void;
  stop(): Promise<void>;
}

export function generateKey(path: string, type: HostKeyType = 'ed25519', passphrase = ''): void {
  execFileSync('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-C', 'test', '-f', path]);
}

/** A real OpenSSH server on 127.0.0.1 with keys of its own, run by the user who runs the tests. */
export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  const program = findProgram('sshd');
  if (program === undefined) throw new Error('sshd is not installed: guard with requireProgram("sshd")');
  const directory = mkdtempSync(join(tmpdir(), 'cellarman-sshd-'));
  try {
    return await start(program, directory, options);
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

async function start(program: string, directory: string, options: SshdOptions): Promise<Sshd> {
  const host = '127.0.0.1';
  const user = userInfo().username;
  const port = options.port ?? (await freePort());
  const file = (name: string): string => join(directory, name);
  const identityFile = file('user_key');
  generateKey(identityFile);
  const types = options.hostKeys ?? ['ed25519'];
  for (const type of types) generateKey(file(`host_${type}`), type);
  const hostKeys = types.map((type) =>
    readFileSync(file(`host_${type}.pub`), 'utf8')
      .split(' ')
      .slice(0, 2)
      .join(' '),
  );
  writeFileSync(file('authorized_keys'), readFileSync(`${identityFile}.pub`));
  writeFileSync(file('known_hosts'), hostKeys.map((key) => `[${host}]:${port} ${key}\n`).join(''));
  writeFileSync(file('ssh_config'), clientConfig(host, port, user, identityFile, file('known_hosts')));

  const sftp = options.sftp ?? 'internal-sftp';
  const config = [
    ...(options.config ?? []),
    `ListenAddress ${host}:${port}`,
    ...types.map((type) => `HostKey ${file(`host_${type}`)}`),
    `AuthorizedKeysFile ${file('authorized_keys')}`,
    ...(sftp === false ? [] : [`Subsystem sftp ${sftp}`]),
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'UseDNS no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin yes',
    'MaxStartups 200',
    'LogLevel VERBOSE',
  ];
  const configFile = file('sshd_config');
  const write = (lines: readonly string[]): void => writeFileSync(configFile, `${lines.join('\n')}\n`);
  // OpenSSH 9.8 and later turn away an address for a while after a failed login; earlier ones do not know the word.
  write(['PerSourcePenalties no', ...config]);
  if (userInfo().uid === 0 && !existsSync('/run/sshd')) mkdirSync('/run/sshd', { mode: 0o755 });
  if (spawnSync(program, ['-t', '-f', configFile]).status !== 0) write(config);

  const child = spawn(program, ['-D', '-e', '-f', configFile], { stdio: ['ignore', 'ignore', 'pipe'] });
  const log = await listening(child);
  // Ends the server when the process that runs the tests dies, however that happens.
  const watchdog = spawn('sh', ['-c', 'read _; kill -9 "$0"; rm -rf "$1"', String(child.pid), directory], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  watchdog.unref();

  return {
    host,
    port,
    pid: child.pid ?? 0,
    user,
    directory,
    identityFile,
    knownHostsFile: file('known_hosts'),
    sshConfigFile: file('ssh_config'),
    authorizedKeysFile: file('authorized_keys'),
    hostKeys,
    log,
    dropConnections: () => {
      if (child.pid !== undefined) for (const pid of descendants(child.pid)) kill(pid);
    },
    stop: async () => {
      watchdog.kill('SIGKILL');
      const ended = child.exitCode !== null || child.signalCode !== null;
      const exit = ended ? undefined : new Promise((resolve) => child.once('exit', resolve));
      killAll(child);
      await exit;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function clientConfig(host: string, port: number, user: string, identity: string, known: string): string {
  const lines = [
    'Host testhost',
    `  HostName ${host}`,
    'Host *',
    `  Port ${port}`,
    `  User ${user}`,
    `  IdentityFile ${identity}`,
    '  IdentitiesOnly yes',
    '  IdentityAgent none',
    `  UserKnownHostsFile ${known}`,
    '  GlobalKnownHostsFile /dev/null',
    '  StrictHostKeyChecking yes',
  ];
  return `${lines.join('\n')}\n`;
}

async function listening(child: ChildProcess): Promise<() => string> {
  let log = '';
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`sshd did not start:\n${log}`)));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      if (log.includes('Server listening on')) resolve();
    });
  });
  return () => log;
}

/** Sessions have process groups of their own and would outlive the listener. */
function killAll(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  for (const pid of [child.pid, ...descendants(child.pid)]) kill(pid);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}

/** A port of 127.0.0.1 on which nothing listens at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
