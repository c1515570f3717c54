import { randomBytes } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { reportOf, runCli, startCli } from '../support/cli-process.ts';
import { requireProgram } from '../support/programs.ts';
import { bySsh2, type Reach } from '../support/reach.ts';
import { type Sshd, startSshd } from '../support/sshd.ts';
import { describeTree } from '../support/tree.ts';

const FILES = 400;
const LARGE = 48 * 1024 * 1024;
const OLD = 1_700_000_000;

let work: string;
let source: string;
let repository: string;

beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'cellarman-snapshot-'));
  source = join(work, 'source');
  repository = join(work, 'repository');
});

afterEach(() => {
  rmSync(work, { recursive: true });
});

const old = (path: string): void => utimesSync(path, OLD, OLD);

/** Files of many sizes in four folders, all of an old time. */
function plantSource(large = 0): void {
  for (let i = 0; i < FILES; i++) {
    const folder = join(source, `folder ${i % 4}`);
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `file ${i}`);
    writeFileSync(path, randomBytes((i * 997) % 40_000));
    old(path);
  }
  if (large > 0) {
    writeFileSync(join(source, 'large'), randomBytes(large));
    old(join(source, 'large'));
  }
}

const trees = (): string[] => readdirSync(repository).filter((name) => /^\d{8}T\d{6}$/.test(name));
const inode = (id: string, path: string): number => lstatSync(join(repository, id, path)).ino;

/** Everything of earlier snapshots that must never change: content, modes, times and inodes. */
const fingerprint = (id: string): unknown => [
  describeTree(join(repository, id)),
  readdirSync(join(repository, id), { recursive: true, encoding: 'utf8' })
    .sort()
    .map((path) => [path, lstatSync(join(repository, id, path)).ino, readIfFile(join(repository, id, path))]),
];

const readIfFile = (path: string): string | undefined =>
  statSync(path).isFile() ? readFileSync(path, 'base64') : undefined;

async function snapshot(from: string, ...options: string[]): Promise<Record<string, unknown>> {
  const outcome = await runCli(['snapshot', '--json', ...options, from, repository]);
  expect(outcome.stderr).toBe('');
  expect(outcome.status).toBe(0);
  return reportOf(outcome);
}

describe('of a local tree', () => {
  it('links what is unchanged, and takes what is changed', async () => {
    plantSource();
    await snapshot(source);
    writeFileSync(join(source, 'folder 1', 'file 1'), 'changed');
    const report = await snapshot(source);
    const [first = '', second = ''] = trees();
    expect(report).toMatchObject({ id: second, basis: first, transferredFiles: 1, linkedFiles: FILES - 1 });
    expect(describeTree(join(repository, second))).toEqual(describeTree(source));
    expect(inode(second, 'folder 2/file 2')).toBe(inode(first, 'folder 2/file 2'));
    expect(inode(second, 'folder 1/file 1')).not.toBe(inode(first, 'folder 1/file 1'));
  });

  it('is gone on with after kill -9 at any moment, and leaves earlier ones as they were', {
    timeout: 600_000,
  }, async () => {
    plantSource();
    await snapshot(source);
    const [first = ''] = trees();
    const before = fingerprint(first);
    for (let i = 0; i < FILES; i += 2) {
      const path = join(source, `folder ${i % 4}`, `file ${i}`);
      writeFileSync(path, randomBytes(30_000));
      utimesSync(path, OLD + 10, OLD + 10);
    }
    writeFileSync(join(source, 'large'), randomBytes(LARGE));
    old(join(source, 'large'));
    let killed = 0;
    for (const delay of [80, 160, 240, 320, 400, 480]) {
      const running = startCli(['snapshot', '--json', '--bwlimit', '20M', source, repository]);
      await sleep(delay + Math.random() * 60);
      // The kernel may be slow to start it: what counts is that it is killed somewhere on its way.
      if (running.child.kill('SIGKILL')) killed++;
      await running.outcome;
      expect(trees()).toEqual([first]);
      expect(fingerprint(first)).toEqual(before);
    }
    expect(killed).toBe(6);
    const report = await snapshot(source);
    const [, last = ''] = trees();
    expect(report).toMatchObject({ id: last, basis: first, failed: 0 });
    expect(describeTree(join(repository, last))).toEqual(describeTree(source));
    expect(fingerprint(first)).toEqual(before);
    const left = [...readdirSync(repository), ...readdirSync(join(repository, '.cellarman'))];
    expect(left.filter((name) => /unfinished|journal|\.manifest\.gz\./.test(name))).toEqual([]);
    const verified = await runCli(['verify', repository]);
    expect(verified.status, verified.stdout + verified.stderr).toBe(0);
  });

  it('transfers nothing again that stood when it was killed', { timeout: 600_000 }, async () => {
    plantSource(LARGE);
    const running = startCli(['snapshot', '--bwlimit', '10M', source, repository]);
    const unfinished = (): string | undefined =>
      readdirSync(repository).find((name) => name.startsWith('.unf'));
    const standing = (): number => {
      const tree = unfinished();
      if (tree === undefined) return 0;
      const paths = readdirSync(join(repository, tree), { recursive: true, encoding: 'utf8' });
      return paths.filter((path) => {
        const stat = lstatSync(join(repository, tree, path), { throwIfNoEntry: false });
        return stat?.isFile() === true && Math.floor(stat.mtimeMs / 1000) === OLD;
      }).length;
    };
    mkdirSync(repository);
    while (standing() < FILES / 4 && running.child.exitCode === null) await sleep(20);
    running.child.kill('SIGKILL');
    await running.outcome;
    const stood = standing();
    expect(stood).toBeGreaterThan(0);
    const report = await snapshot(source);
    expect(report).toMatchObject({ resumed: true });
    expect(Number(report['transferredFiles'])).toBeLessThanOrEqual(FILES + 1 - stood);
    expect(describeTree(join(repository, trees()[0] ?? ''))).toEqual(describeTree(source));
  });

  it('stops where the source has shrunk, unless that is allowed', async () => {
    plantSource();
    await snapshot(source);
    rmSync(source, { recursive: true });
    mkdirSync(source);
    const refused = await runCli(['snapshot', source, repository]);
    expect(refused.status).toBe(26);
    expect(refused.stderr).toMatch(
      /^cellarman: the source .* has 0 entries where the last snapshot has 404: [^\n]*\n$/,
    );
    expect(readdirSync(repository).filter((name) => !name.startsWith('.c'))).toEqual(trees());
    expect(trees()).toHaveLength(1);
    expect(await snapshot(source, '--allow-shrink')).toMatchObject({ entries: { file: 0 } });
  });

  it('writes nothing in a dry run', async () => {
    plantSource();
    const { status, stdout } = await runCli(['snapshot', '-n', source, repository]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^snapshot \d{8}T\d{6} would be made: 400 files/);
    expect(readdirSync(work)).toEqual(['source']);
  });

  it('does without a basis whose manifest is damaged', async () => {
    plantSource();
    await snapshot(source);
    const manifest = join(repository, '.cellarman', `${trees()[0]}.manifest.gz`);
    const bytes = readFileSync(manifest);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 0x10;
    writeFileSync(manifest, bytes);
    const outcome = await runCli(['snapshot', '--json', source, repository]);
    expect(outcome.status, outcome.stderr).toBe(0);
    expect(outcome.stderr).toMatch(/^cellarman: .*is not used to find what is unchanged\n$/);
    expect(describeTree(join(repository, trees()[1] ?? ''))).toEqual(describeTree(source));
  });

  it.each([[], ['--checksum']])(
    'takes a file that was cut in the basis from the source %s',
    async (...options) => {
      plantSource();
      await snapshot(source);
      const [first = ''] = trees();
      for (const name of ['folder 1/file 41', 'folder 3/file 3']) {
        truncateSync(join(repository, first, name), 100);
        old(join(repository, first, name));
      }
      expect(await snapshot(source, ...options)).toMatchObject({ linkedFiles: FILES - 2 });
      expect(describeTree(join(repository, trees()[1] ?? ''))).toEqual(describeTree(source));
    },
  );

  it('stops cleanly at SIGTERM, and lets nobody else work meanwhile', async () => {
    plantSource(LARGE);
    mkdirSync(repository);
    const running = startCli(['snapshot', '--bwlimit', '4M', source, repository]);
    while (!readdirSync(repository).some((name) => name.startsWith('.unf'))) await sleep(20);
    const second = await runCli(['snapshot', source, repository]);
    expect(second.status).toBe(1);
    expect(second.stderr).toMatch(/^cellarman: [^\n]*lock[^\n]*\n$/);
    running.child.kill('SIGTERM');
    expect(await running.outcome).toMatchObject({ status: 20, stderr: 'cellarman: interrupted\n' });
    expect(trees()).toEqual([]);
    expect(await snapshot(source)).toMatchObject({ resumed: true });
  });
});

describe.runIf(requireProgram('sshd'))('of a tree behind sshd', () => {
  let sshd: Sshd;
  let reach: Reach;

  beforeAll(async () => {
    sshd = await startSshd();
    reach = bySsh2(sshd);
  });

  afterAll(() => sshd.stop());

  it('equals the source, and links all of it the second time', async () => {
    plantSource();
    await snapshot(reach.at(source), ...reach.options);
    const report = await snapshot(reach.at(source), ...reach.options);
    const [first = '', second = ''] = trees();
    expect(report).toMatchObject({ transferredFiles: 0, linkedFiles: FILES });
    expect(describeTree(join(repository, second))).toEqual(describeTree(source));
    for (const path of ['folder 0/file 0', 'folder 3/file 399'])
      expect(inode(second, path)).toBe(inode(first, path));
  });

  it('notices another byte of the same size in the same second', async () => {
    plantSource();
    const path = join(source, 'folder 0', 'file 0');
    writeFileSync(path, 'one');
    const second = Math.floor(Date.now() / 1000);
    utimesSync(path, second, second);
    await snapshot(reach.at(source), ...reach.options);
    writeFileSync(path, 'two');
    utimesSync(path, second, second);
    await snapshot(reach.at(source), ...reach.options);
    expect(readFileSync(join(repository, trees()[0] ?? '', 'folder 0', 'file 0'), 'utf8')).toBe('one');
    expect(readFileSync(join(repository, trees()[1] ?? '', 'folder 0', 'file 0'), 'utf8')).toBe('two');
  });

  it('can be kept behind sshd', async () => {
    plantSource();
    const run = () => runCli(['snapshot', '--json', ...reach.options, source, reach.at(repository)]);
    expect(reportOf(await run())).toMatchObject({ status: 0, transferredFiles: FILES });
    const outcome = await run();
    expect(reportOf(outcome), outcome.stderr).toMatchObject({
      status: 0,
      transferredFiles: 0,
      linkedFiles: FILES,
    });
    const [first = '', second = ''] = trees();
    expect(inode(second, 'folder 0/file 4')).toBe(inode(first, 'folder 0/file 4'));
    expect(describeTree(join(repository, second))).toEqual(describeTree(source));
  });
});
