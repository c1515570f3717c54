import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RunningProgram, reportOf, runCli, startCli } from '../support/cli-process.ts';
import { descendants } from '../support/descendants.ts';
import { requireProgram } from '../support/programs.ts';
import { bySsh2 } from '../support/reach.ts';
import { type Sshd, startSshd } from '../support/sshd.ts';
import { describeTree } from '../support/tree.ts';

const SMALL = 200;
const MIDDLE = 5;
const MIB = 1024 * 1024;

/** Which side lies on the server. */
const PLACES = ['neither', 'source', 'repository'] as const;

let work: string;
let source: string;
let repository: string;
/** Seconds since the epoch of the version of the source last planted; all of its new files have it. */
let version = 1_700_000_000;

/** Content of many sizes; from the second version on every other file is new. */
function plantVersion(): void {
  version += 10;
  mkdirSync(source, { recursive: true });
  const put = (path: string, size: number): void => {
    writeFileSync(path, randomBytes(size));
    utimesSync(path, version, version);
  };
  for (let i = 0; i < SMALL; i++) {
    const directory = join(source, `dir ${i % 8}`);
    mkdirSync(directory, { recursive: true });
    const path = join(directory, `small ${i}`);
    if (!existsSync(path) || i % 2 === 0) put(path, (i * 997) % 40_000);
  }
  for (let i = 0; i < MIDDLE; i++) put(join(source, `middle ${i}`), MIB + i);
  put(join(source, 'large'), 8 * MIB);
}

const filesBelow = (tree: string): string[] =>
  readdirSync(tree, { recursive: true, encoding: 'utf8' }).filter(
    (path) => lstatSync(join(tree, path), { throwIfNoEntry: false })?.isFile() === true,
  );

const complete = (): string[] => readdirSync(repository).filter((name) => /^\d{8}T\d{6}$/.test(name));
const unfinished = (): string | undefined =>
  readdirSync(repository).find((name) => name.startsWith('.unfinished-'));

/** Content, modes, times and inodes of a snapshot: nothing of it may ever change. */
const fingerprint = (id: string): unknown => [
  describeTree(join(repository, id)),
  readdirSync(join(repository, id), { recursive: true, encoding: 'utf8' })
    .sort()
    .map((path) => [
      path,
      lstatSync(join(repository, id, path)).ino,
      lstatSync(join(repository, id, path)).mtimeMs,
    ]),
];

/** Files of the unfinished tree that are as the source has them. */
function standing(): Set<string> {
  const tree = unfinished();
  const files = tree === undefined ? [] : filesBelow(join(repository, tree));
  return new Set(
    files.filter((path) => {
      const [here, there] = [join(repository, tree ?? '', path), join(source, path)].map((file) =>
        lstatSync(file, { throwIfNoEntry: false }),
      );
      return here?.size === there?.size && here?.mtimeMs === there?.mtimeMs;
    }),
  );
}

/** Files that the journals of the unfinished snapshot vouch for. */
function journaled(): Set<string> {
  const directory = join(repository, '.cellarman');
  const journals = readdirSync(directory).filter((name) => name.endsWith('.journal'));
  const lines = journals.flatMap((name) =>
    readFileSync(join(directory, name), 'utf8').split('\n').slice(1, -1),
  );
  return new Set(lines.map((line) => String((JSON.parse(line) as unknown[])[0])));
}

/** What is in a repository where nobody is at work: snapshots, each with its manifest, and perhaps the lock's file. */
function expectTidy(): void {
  const ids = complete();
  expect(readdirSync(repository).sort()).toEqual(['.cellarman', ...ids]);
  const ours = readdirSync(join(repository, '.cellarman')).filter((name) => !name.startsWith('lock'));
  expect(ours.sort()).toEqual(ids.map((id) => `${id}.manifest.gz`));
}

async function kill({ child, outcome }: RunningProgram): Promise<void> {
  child.kill('SIGKILL');
  await outcome;
}

/** Until a run has come so far; false where it came to its end before. */
async function waitFor(running: RunningProgram, come: () => boolean): Promise<boolean> {
  while (running.child.exitCode === null) {
    if (existsSync(repository) && come()) return true;
    await sleep(5);
  }
  return false;
}

describe.skipIf(!requireProgram('sshd', 'ssh-keygen'))('an interrupted snapshot', () => {
  let sshd: Sshd;
  beforeAll(async () => {
    sshd = await startSshd();
  });
  afterAll(() => sshd.stop());
  beforeEach(({ onTestFinished }) => {
    work = mkdtempSync(join(tmpdir(), 'cellarman-interrupted-'));
    source = join(work, 'source');
    repository = join(work, 'repository');
    onTestFinished(() => rmSync(work, { recursive: true }));
  });

  const args = (remote: (typeof PLACES)[number], ...options: string[]): string[] => {
    const { options: reach, at } = bySsh2(sshd);
    const [from, to] = [
      remote === 'source' ? at(source) : source,
      remote === 'repository' ? at(repository) : repository,
    ];
    return ['snapshot', '--json', ...reach, ...options, from, to];
  };

  /** To its end. */
  async function take(
    remote: (typeof PLACES)[number],
    ...options: string[]
  ): Promise<Record<string, unknown>> {
    const outcome = await runCli(args(remote, ...options));
    expect({ status: outcome.status, stderr: outcome.stderr }).toEqual({ status: 0, stderr: '' });
    return reportOf(outcome);
  }

  it.each(PLACES)(
    'is gone on with after kill -9, with %s on a server',
    { timeout: 600_000 },
    async (remote) => {
      plantVersion();
      await take(remote);
      for (const come of [0, 0.2, 0.5, 0.8, 1]) {
        const ids = complete();
        const before = ids.map(fingerprint);
        plantVersion();
        const running = startCli(args(remote, '--bwlimit=12M'));
        const files = filesBelow(source);
        const reached = () =>
          unfinished() !== undefined && standing().size >= Math.floor(come * (files.length - 1));
        expect(await waitFor(running, reached)).toBe(true);
        await kill(running);
        expect(complete()).toEqual(ids);
        expect(ids.map(fingerprint)).toEqual(before);

        const stands = standing();
        // Over SFTP nobody can tell whether what looks finished is on the disk.
        const vouched = remote === 'repository' ? journaled() : stands;
        const isNew = (path: string): boolean => lstatSync(join(source, path)).mtimeMs === version * 1000;
        const missing = files.filter((path) => isNew(path) && !(stands.has(path) && vouched.has(path)));
        const report = await take(remote);
        expect(report).toMatchObject({
          resumed: true,
          basis: ids.at(-1),
          transferredFiles: missing.length,
          transferredBytes: missing.reduce((sum, path) => sum + lstatSync(join(source, path)).size, 0),
        });
        expect(ids.map(fingerprint)).toEqual(before);
        expect(describeTree(join(repository, String(report['id'])))).toEqual(describeTree(source));
        expectTidy();
      }
      const verified = await runCli(['verify', repository]);
      expect(verified.status, verified.stdout + verified.stderr).toBe(0);
    },
  );

  it('is gone on with when it is killed again and again', { timeout: 600_000 }, async () => {
    plantVersion();
    await take('source');
    const [first = ''] = complete();
    const before = fingerprint(first);
    plantVersion();
    let stood = 0;
    for (let kills = 0; kills < 5; kills++) {
      const running = startCli(args('source', '--bwlimit=12M'));
      expect(await waitFor(running, () => standing().size >= stood + 8)).toBe(true);
      await kill(running);
      // What was there once is not taken away by a run that goes on with it.
      expect(standing().size).toBeGreaterThanOrEqual(stood);
      stood = standing().size;
    }
    const report = await take('source');
    expect(report).toMatchObject({ resumed: true });
    expect(describeTree(join(repository, String(report['id'])))).toEqual(describeTree(source));
    expect(fingerprint(first)).toEqual(before);
    expectTidy();
  });

  it.each(PLACES)('is nothing before its tree has its name, with %s on a server', async (remote) => {
    plantVersion();
    const { id } = await take(remote);
    // As kill -9 between the manifest and the name leaves it; a journal is of no more use then.
    renameSync(join(repository, String(id)), join(repository, `.unfinished-${id}`));
    const listed = await runCli(['snapshots', repository]);
    expect(listed.stdout).toMatch(/unfinished/);
    const report = await take(remote);
    expect(report).toMatchObject({ resumed: true });
    expect(report).not.toHaveProperty('basis');
    expect(describeTree(join(repository, String(report['id'])))).toEqual(describeTree(source));
    expectTidy();
  });

  it('holds only what the run that ends it asks for', async () => {
    plantVersion();
    const running = startCli(args('source', '--bwlimit=12M'));
    expect(await waitFor(running, () => standing().size >= SMALL / 2)).toBe(true);
    await kill(running);
    rmSync(join(source, 'dir 1'), { recursive: true });
    const report = await take('source', '--exclude=dir 2', '--exclude=middle*');
    const tree = join(repository, String(report['id']));
    expect(readdirSync(tree).sort()).toEqual(['dir 0', 'dir 3', 'dir 4', 'dir 5', 'dir 6', 'dir 7', 'large']);
    expect(await runCli(['verify', repository])).toMatchObject({ status: 0 });
    expectTidy();
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('is left in good order at %s', async (signal) => {
    for (const remote of PLACES) {
      plantVersion();
      const running = startCli(args(remote, '--bwlimit=4M'));
      expect(await waitFor(running, () => standing().size > 2)).toBe(true);
      running.child.kill(signal);
      expect(await running.outcome).toMatchObject({ status: 20, stderr: 'cellarman: interrupted\n' });
      // Neither lock nor half a manifest.
      const left = readdirSync(join(repository, '.cellarman'));
      expect(left.filter((name) => name.startsWith('.') || name.startsWith('lock.'))).toEqual([]);
      expect(await take(remote)).toMatchObject({ resumed: true });
      expectTidy();
    }
  });

  it('does not keep a second signal waiting', async () => {
    const own = await startSshd();
    try {
      const { options, at } = bySsh2(own);
      plantVersion();
      const running = startCli(['snapshot', ...options, '--bwlimit=4M', source, at(repository)]);
      expect(await waitFor(running, () => standing().size > 2)).toBe(true);
      // A server that has fallen silent cannot be told good-bye.
      for (const pid of descendants(own.pid)) process.kill(pid, 'SIGSTOP');
      running.child.kill('SIGINT');
      await sleep(300);
      expect(running.child.exitCode).toBe(null);
      running.child.kill('SIGINT');
      expect(await running.outcome).toMatchObject({ status: 20 });
    } finally {
      await own.stop();
    }
  });

  it.each(['neither', 'repository'] as const)(
    'keeps others out while it goes on, and not when it is dead: %s',
    async (remote) => {
      plantVersion();
      const running = startCli(args(remote, '--bwlimit=2M'));
      expect(await waitFor(running, () => unfinished() !== undefined)).toBe(true);
      const second = await runCli(args(remote));
      expect(second).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(/^cellarman: [^\n]*process \d+[^\n]*\n$/),
      });
      await kill(running);
      expect(await take(remote)).toMatchObject({ resumed: true });
      expectTidy();
    },
  );

  it('makes a snapshot of what can be read, and says what could not', async () => {
    plantVersion();
    const guest = await startSshd(await asGuest());
    try {
      chmodSync(work, 0o755);
      chmodSync(join(source, 'large'), 0);
      chmodSync(join(source, 'dir 3'), 0);
      const { options, at } = bySsh2(guest);
      const outcome = await runCli(['snapshot', ...options, at(source), repository]);
      expect(outcome.status).toBe(23);
      expect(outcome.stderr.split('\n').sort()).toEqual([
        '',
        'cellarman: 2 paths could not be transferred',
        expect.stringMatching(/permission denied: .*dir 3$/),
        expect.stringMatching(/permission denied: .*large$/),
      ]);
      expect(filesBelow(join(repository, complete()[0] ?? '')).length).toBe(SMALL - SMALL / 8 + MIDDLE);
      expect(await runCli(['verify', repository])).toMatchObject({ status: 0 });
    } finally {
      chmodSync(join(source, 'dir 3'), 0o700);
      await guest.stop();
    }
  });
});

/** An SFTP server that may not read everything, also where the tests run as root. */
async function asGuest(): Promise<{ sftp?: string }> {
  const { sftpServer } = await import('../support/sftp-server-process.ts');
  if (process.getuid?.() !== 0 || sftpServer === undefined) return {};
  return { sftp: `setpriv --reuid=65534 --regid=65534 --clear-groups ${sftpServer}` };
}
