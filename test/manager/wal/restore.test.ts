import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type BarmanHome, barmanHome } from '../../support/barman-home.ts';
import { MAIN, type Outcome } from '../../support/built-cli.ts';
import { runCli } from '../../support/cli-process.ts';
import { findProgram, requireProgram } from '../../support/programs.ts';
import { type Sshd, startSshd } from '../../support/sshd.ts';
import { segmentBytes } from '../../support/wal-segment.ts';

const SIZE = 1024 * 1024;
const SYSTEM = 7_000_000_000_000_000_001n;
const named = (number: number): string =>
  `0000000100000000${number.toString(16).toUpperCase().padStart(8, '0')}`;

let home: BarmanHome;
let data: string;
const at = (...parts: readonly string[]): string => join(home.home, 'pg', ...parts);
const inData = (...parts: readonly string[]): string => join(data, ...parts);

beforeEach(() => {
  home = barmanHome({ servers: { pg: '' } });
  for (const name of ['incoming', 'streaming', 'wals/0000000100000000', 'errors'])
    fs.mkdirSync(at(name), { recursive: true });
  data = join(home.dir, 'data');
  fs.mkdirSync(inData('pg_wal'), { recursive: true });
});
afterEach(() => home.dispose());

const archived = (name: string): string => at('wals', name.slice(0, 16), name);
const segment = (number: number): Buffer => segmentBytes(named(number), SIZE, SYSTEM);
const isLeft = (name = 'pg_wal/RECOVERYXLOG'): boolean => fs.existsSync(inData(name));

/** In the data directory, as PostgreSQL does. */
const restoreFrom = (archive: readonly string[], name: string, ...options: string[]): Promise<Outcome> =>
  runCli(
    [
      'wal-restore',
      '--spool-dir',
      join(home.dir, 'spool'),
      ...options,
      ...archive,
      name,
      'pg_wal/RECOVERYXLOG',
    ],
    { cwd: data },
  );
const restored = (): Buffer => {
  const content = fs.readFileSync(inData('pg_wal/RECOVERYXLOG'));
  expect(fs.readdirSync(inData('pg_wal'))).toEqual(['RECOVERYXLOG']);
  fs.rmSync(inData('pg_wal/RECOVERYXLOG'));
  return content;
};

/** Makes the data directory one of a cluster that recovers. */
function recovers(signal: 'recovery.signal' | 'standby.signal', system = SYSTEM): void {
  fs.mkdirSync(inData('global'), { recursive: true });
  const control = Buffer.alloc(8192);
  control.writeBigUInt64LE(system);
  fs.writeFileSync(inData('global/pg_control'), control);
  fs.writeFileSync(inData(signal), '');
}

describe('wal-restore from a directory of this machine', () => {
  const restore = (name: string, ...options: string[]): Promise<Outcome> =>
    restoreFrom([at()], name, ...options);

  it('finds files wherever they are, and unfinished ones on request', async () => {
    fs.writeFileSync(archived(named(1)), segment(1));
    fs.writeFileSync(at('incoming', named(2)), segment(2));
    fs.writeFileSync(at('streaming', named(3)), segment(3));
    fs.writeFileSync(at('streaming', `${named(4)}.partial`), segment(4).subarray(0, 20_000));
    fs.writeFileSync(at('wals', '00000002.history'), '1\t0/3000000\tx\n');
    for (const number of [1, 2, 3]) {
      expect(await restore(named(number))).toEqual({ status: 0, stdout: '', stderr: '' });
      expect(restored().equals(segment(number))).toBe(true);
    }
    expect((await restore(named(4))).status).toBe(1);
    expect((await restore(named(4), '-P')).status).toBe(0);
    const whole = restored();
    expect(whole.subarray(0, 20_000).equals(segment(4).subarray(0, 20_000))).toBe(true);
    expect([whole.length, whole.subarray(20_000).every((byte) => byte === 0)]).toEqual([SIZE, true]);
    expect((await restore('00000002.history')).status).toBe(0);
    expect(restored().toString()).toBe('1\t0/3000000\tx\n');
  });

  it.each([
    ['gzip', ['gzip', '-c']],
    ['bzip2', ['bzip2', '-c']],
    ['xz', ['xz', '-0', '-c']],
    ['zstd', ['zstd', '-q', '-c']],
    ['lz4', ['lz4', '-q', '-c']],
  ])('decompresses %s', async (_, [program = '', ...args]) => {
    if (!requireProgram(program)) return;
    const packed = execFileSync(program, args, { input: segment(1), maxBuffer: 2 * SIZE });
    fs.writeFileSync(archived(named(1)), packed);
    expect((await restore(named(1))).status).toBe(0);
    expect(restored().equals(segment(1))).toBe(true);
    fs.writeFileSync(archived(named(1)), packed.subarray(0, -10));
    expect((await restore(named(1))).status).toBe(2);
    expect(isLeft()).toBe(false);
  });

  it('stands beside a run whose PostgreSQL is gone, and removes what one that was killed has left', async () => {
    fs.writeFileSync(archived(named(1)), segment(1));
    const left = (mark: string): string => inData(`pg_wal/.${named(1)}.${mark}.stored.tmp`);
    const start = fs.readFileSync('/proc/self/stat', 'latin1').split(') ')[1]?.split(' ')[19];
    const alive = left(`${process.pid}-${start}`);
    fs.writeFileSync(alive, 'half');
    fs.writeFileSync(left(`${process.pid}-1`), 'half');
    expect((await restore(named(1))).status).toBe(0);
    expect(fs.readFileSync(alive, 'utf8')).toBe('half');
    fs.rmSync(alive);
    expect(restored().equals(segment(1))).toBe(true);
  });

  it('tells PostgreSQL to stop where it would take a failure for the end of the archive', async () => {
    fs.writeFileSync(archived(named(1)), segment(1));
    fs.writeFileSync(archived(named(2)), segment(2).subarray(0, -1));
    fs.writeFileSync(archived(named(3)), segment(4));
    fs.writeFileSync(archived(named(5)), segmentBytes(named(5), SIZE, SYSTEM + 1n));
    recovers('recovery.signal');
    const status = async (...args: readonly [string, ...string[]]): Promise<number | null> =>
      (await restore(...args)).status;
    expect(await status(named(1))).toBe(0);
    restored();
    expect(await status(named(9))).toBe(1);
    for (const number of [2, 3, 5]) expect(await status(named(number))).toBe(200);
    expect((await restore(named(5))).stderr).toContain(`the cluster ${SYSTEM + 1n}, not to ${SYSTEM}`);
    expect(await status('nonsense')).toBe(200);
    expect(await status(named(1), '--nonsense')).toBe(200);
    expect(await status(named(1), '-p', 'many')).toBe(200);
    expect((await restoreFrom([join(home.dir, 'elsewhere')], named(1))).status).toBe(200);
    // A standby asks again.
    fs.writeFileSync(inData('standby.signal'), '');
    expect(await status(named(2))).toBe(2);
    expect(isLeft()).toBe(false);
  });
});

describe.skipIf(!requireProgram('sshd', 'ssh'))('wal-restore over SSH', () => {
  let sshd: Sshd;
  let reach: readonly string[];
  beforeAll(async () => {
    sshd = await startSshd();
    reach = ['--identity', sshd.identityFile, '--known-hosts', sshd.knownHostsFile];
  });
  afterAll(() => sshd.stop());

  const helpers = (): number[] =>
    fs
      .readdirSync(join(home.dir, 'spool'), { recursive: true, encoding: 'utf8' })
      .flatMap((name) => /\/(\d+)-\d+$/.exec(name)?.slice(1, 2).map(Number) ?? []);
  afterEach(async () => {
    if (!fs.existsSync(join(home.dir, 'spool'))) return;
    const pids = helpers();
    fs.rmSync(join(home.dir, 'spool'), { recursive: true });
    await until(() => !pids.some(isAlive));
  });
  const sftp = (name: string, ...options: string[]): Promise<Outcome> =>
    restoreFrom([`sftp://${sshd.user}@${sshd.host}:${sshd.port}${at()}`], name, ...reach, ...options);

  it('keeps one connection for many segments, fetches ahead, and bounds what waits', async () => {
    for (let number = 1; number <= 12; number++)
      fs.writeFileSync(archived(named(number)), gzipSync(segment(number)));
    const logins = (): number => sshd.log().split('Accepted publickey').length;
    const before = logins();
    for (const number of [1, 2, 3]) {
      expect(await sftp(named(number), '-p', '4')).toEqual({ status: 0, stdout: '', stderr: '' });
      expect(restored().equals(segment(number))).toBe(true);
    }
    expect(logins() - before).toBe(1);
    const [spool = ''] = fs.readdirSync(join(home.dir, 'spool')).map((key) => join(home.dir, 'spool', key));
    const [own = ''] = fs.readdirSync(spool).filter((name) => /^\d+-\d+$/.test(name));
    const waiting = (): string[] => fs.readdirSync(join(spool, own)).sort();
    await until(() => waiting().length === 4 && waiting().every((name) => !name.includes('stored')));
    expect(waiting().map((name) => name.replace(/\.\d+\.tmp$/, ''))).toEqual([4, 5, 6, 7].map(named));
    // What is there is given although the archive has lost it meanwhile.
    fs.rmSync(archived(named(4)));
    expect((await sftp(named(4), '-p', '4')).status).toBe(0);
    restored();
    // What was not there is asked for again.
    expect((await sftp(named(13), '-p', '4')).status).toBe(1);
    fs.writeFileSync(at('incoming', named(13)), segment(13));
    expect((await sftp(named(13), '-p', '4')).status).toBe(0);
    restored();
  });

  it('gives each of two runs that ask at once a file of its own', async () => {
    for (const number of [1, 2]) fs.writeFileSync(archived(named(number)), gzipSync(segment(number)));
    expect((await sftp(named(1))).status).toBe(0);
    restored();
    const outcomes = await Promise.all([1, 2, 3, 4].map(() => sftp(named(2))));
    expect(outcomes).toEqual(outcomes.map(() => ({ status: 0, stdout: '', stderr: '' })));
    expect(restored().equals(segment(2))).toBe(true);
  });

  it('makes a lost connection again, and replaces a helper that was killed', async () => {
    for (let number = 1; number <= 4; number++) fs.writeFileSync(archived(named(number)), segment(number));
    expect((await sftp(named(1), '-p', '0')).status).toBe(0);
    restored();
    sshd.dropConnections();
    expect((await sftp(named(2), '-p', '0')).status).toBe(0);
    expect(restored().equals(segment(2))).toBe(true);
    const [helper = 0] = helpers();
    process.kill(helper, 'SIGKILL');
    await until(() => !isAlive(helper));
    expect((await sftp(named(3), '-p', '0')).status).toBe(0);
    expect(restored().equals(segment(3))).toBe(true);
    expect(helpers().some((pid) => pid !== helper)).toBe(true);
  });

  it('works without a helper where there can be none', async () => {
    fs.writeFileSync(archived(named(1)), gzipSync(segment(1)));
    fs.writeFileSync(join(home.dir, 'file'), '');
    expect((await sftp(named(1), '--spool-dir', join(home.dir, 'file'))).status).toBe(0);
    expect(restored().equals(segment(1))).toBe(true);
  });

  it('asks get-wal as barman-wal-restore does, and hands WAL to put-wal', async () => {
    const script = join(home.dir, 'barman');
    const own = `exec ${process.execPath} ${MAIN} -c ${home.config} "$@"`;
    fs.writeFileSync(script, `#!/bin/sh\n${own}\n`, { mode: 0o755 });
    const ask = ['-U', sshd.user, '--port', String(sshd.port), '--program', script, ...reach];
    const wal = join(home.dir, named(1));
    fs.writeFileSync(wal, segment(1), { mode: 0o640 });
    fs.utimesSync(wal, 1_700_000_000, 1_700_000_000);
    const put = (...args: readonly string[]): Promise<Outcome> =>
      runCli(['wal-archive', ...ask, ...args, sshd.host, 'pg', wal]);
    const get = (name: string, ...options: string[]): Promise<Outcome> =>
      restoreFrom([sshd.host, 'pg'], name, ...ask, ...options);

    expect((await put('--test')).stdout).toContain('Ready to accept WAL files for the server pg');
    expect(await put()).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(fs.readFileSync(at('incoming', named(1))).equals(segment(1))).toBe(true);
    expect(fs.statSync(at('incoming', named(1))).mtimeMs).toBe(1_700_000_000_000);
    expect((await put('--md5')).status).toBe(0);
    expect(fs.readdirSync(at('errors'))).toEqual([]);
    fs.rmSync(at('incoming', named(1)));
    expect((await put('-z', '--compression-level', 'low')).status).toBe(0);
    expect(fs.statSync(at('incoming', named(1))).size).toBeLessThan(SIZE / 2);

    expect((await get(named(1), '--test')).stdout).toContain('Ready');
    expect(await get(named(1))).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(restored().equals(segment(1))).toBe(true);
    expect((await get(named(1), '-z')).status).toBe(0);
    restored();
    expect((await get(named(2))).status).toBe(1);
    recovers('recovery.signal');
    expect((await restoreFrom([sshd.host, 'nobody'], named(1), ...ask)).status).toBe(200);
    const unknown = await runCli(['wal-archive', ...ask, sshd.host, 'nobody', wal]);
    expect([unknown.status, unknown.stderr]).toEqual([1, expect.stringContaining("Unknown server 'nobody'")]);
    const nowhere = await runCli(['wal-archive', ...ask, '--port', '1', sshd.host, 'pg', wal]);
    expect(nowhere.status).toBe(3);
    expect((await runCli(['wal-archive', ...ask, sshd.host, 'pg', `${wal}0`])).status).toBe(1);
  });

  it.skipIf(findProgram('barman') === undefined)('works with the real put-wal and get-wal', async () => {
    const script = join(home.dir, 'barman');
    fs.writeFileSync(script, `#!/bin/sh\nexec barman -c ${home.config} "$@"\n`, { mode: 0o755 });
    const ask = ['-U', sshd.user, '--port', String(sshd.port), '--program', script, ...reach];
    const wal = join(home.dir, named(1));
    fs.writeFileSync(wal, segment(1));
    const outcome = await runCli(['wal-archive', '--md5', ...ask, sshd.host, 'pg', wal]);
    expect(outcome).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(fs.readFileSync(at('incoming', named(1))).equals(segment(1))).toBe(true);
    expect((await restoreFrom([sshd.host, 'pg'], named(1), ...ask)).status).toBe(0);
    expect(restored().equals(segment(1))).toBe(true);
    expect((await restoreFrom([sshd.host, 'pg'], named(2), ...ask)).status).toBe(1);
    recovers('recovery.signal');
    expect((await restoreFrom([sshd.host, 'nobody'], named(2), ...ask)).status).toBe(200);
  });
});

describe('wal-archive', () => {
  it('tells its two forms apart by their operands', async () => {
    const status = async (...args: readonly string[]): Promise<string> =>
      (await runCli(['wal-archive', ...args])).stderr;
    expect(await status('x')).toContain('a WAL file and a directory are needed, or a host, a server and');
    expect(await status('a', 'b', 'c', 'd')).toContain('are needed');
    expect(await status('-U', 'me', 'x', tmpdir())).toContain('--user <user> goes with a host');
  });
});

function isAlive(pid: number): boolean {
  try {
    // A zombie has nobody here who waits for it.
    return !fs.readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ');
  } catch {
    return false;
  }
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 50));
}
