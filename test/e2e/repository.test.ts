import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
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
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Outcome } from '../support/built-cli.ts';
import { runCli } from '../support/cli-process.ts';
import { requireProgram } from '../support/programs.ts';
import { type Sshd, startSshd } from '../support/sshd.ts';
import { describeTree, plant } from '../support/tree.ts';

const SOURCE = {
  file: 'content',
  'with space': 'x',
  'bytes\xff': 'y',
  link: { target: 'file' },
  dir: { entries: { deep: 'below', 'gone soon': 'old' } },
  big: 'b'.repeat(300_000),
};

interface Place {
  /** The repository as the command line has it. */
  readonly repository: string;
  readonly reach: readonly string[];
  readonly stop: () => Promise<void>;
}

async function local(directory: string): Promise<Place> {
  return { repository: join(directory, 'repo'), reach: [], stop: async () => {} };
}

async function remote(directory: string): Promise<Place> {
  const sshd: Sshd = await startSshd();
  return {
    repository: `sftp://${sshd.user}@127.0.0.1:${sshd.port}${directory}/repo`,
    reach: ['--identity', sshd.identityFile, '--known-hosts', sshd.knownHostsFile],
    stop: () => sshd.stop(),
  };
}

const places = [
  { name: 'on this machine', open: local, present: true },
  { name: 'behind SFTP', open: remote, present: requireProgram('sshd', 'ssh-keygen') },
];

for (const { name, open, present } of places) {
  describe.skipIf(!present)(`a repository ${name}`, () => {
    let directory: string;
    let place: Place;
    let ids: string[];
    const at = (...parts: string[]): string => join(directory, 'repo', ...parts);
    const run = (command: string, ...args: string[]): Promise<Outcome> =>
      runCli([command, ...place.reach, ...args], { cwd: directory });
    const json = (outcome: Outcome): Record<string, unknown>[] =>
      outcome.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));

    beforeAll(async () => {
      directory = mkdtempSync(join(tmpdir(), 'cellarman-repository-'));
      place = await open(directory);
      plant(join(directory, 'src'), SOURCE);
      for (let round = 0; round < 3; round++) {
        const outcome = await run('snapshot', 'src', place.repository);
        expect(outcome).toMatchObject({ status: 0, stderr: '' });
        if (round === 0) {
          rmSync(join(directory, 'src/dir/gone soon'));
          writeFileSync(join(directory, 'src/dir/new'), 'new');
          writeFileSync(join(directory, 'src/file'), 'changed content');
        }
        await setTimeout(1100);
      }
      ids = readdirSync(at()).filter((entry) => !entry.startsWith('.'));
      expect(ids).toHaveLength(3);
    });
    afterAll(async () => {
      await place?.stop();
      rmSync(directory, { recursive: true, force: true });
    });

    it('is listed, with what is new and what is shared', async () => {
      const outcome = await run('snapshots', place.repository, '--json');
      expect(outcome).toMatchObject({ status: 0, stderr: '' });
      expect(json(outcome)).toMatchObject([
        { id: ids[0], state: 'complete', files: 6, symlinks: 1, newFiles: 6, linkedFiles: 0 },
        { id: ids[1], state: 'complete', files: 6, newFiles: 2, newBytes: 18, linkedFiles: 4 },
        { id: ids[2], state: 'complete', files: 6, newBytes: 0, linkedFiles: 6 },
      ]);
      expect((await run('snapshots', place.repository)).stdout.split('\n')).toHaveLength(5);
    });

    it('tells the differences of two snapshots', async () => {
      const outcome = await run('diff', place.repository, ids[0] ?? '', ids[1] ?? '');
      expect(outcome).toMatchObject({ status: 0, stderr: '' });
      expect(outcome.stdout.split('\n')).toEqual([
        'changed  file (size, time; 15 B, was 7 B)',
        'removed  dir/gone soon (3 B)',
        'created  dir/new (3 B)',
        '1 created (3 B), 1 changed (15 B), 1 removed (3 B)',
        '',
      ]);
      expect(json(await run('diff', '--json', place.repository, ids[1] ?? '', ids[2] ?? ''))).toEqual([
        expect.objectContaining({ type: 'report', status: 0, created: 0, changed: 0, removed: 0 }),
      ]);
    });

    it('is verified, and compared with its source', async () => {
      expect(await run('verify', place.repository)).toMatchObject({ status: 0, stderr: '' });
      const against = await run('verify', place.repository, '--against', 'src', '--checksum');
      expect(against).toMatchObject({ status: 0, stderr: '' });
      expect(against.stdout.split('\n')).toHaveLength(5);
    });

    it('does not hold against the source what no snapshot takes', async () => {
      const { atime, mtime } = statSync(join(directory, 'src'));
      execFileSync('mkfifo', [join(directory, 'src/fifo')]);
      utimesSync(join(directory, 'src'), atime, mtime);
      const against = await run('verify', place.repository, '--against', 'src');
      rmSync(join(directory, 'src/fifo'));
      utimesSync(join(directory, 'src'), atime, mtime);
      expect(against).toMatchObject({ status: 0, stderr: '' });
    });

    it('tells a change of the source that size and time do not show', async () => {
      const file = join(directory, 'src/dir/deep');
      writeFileSync(file, 'BELOW');
      utimesSync(file, 1_700_000_000, 1_700_000_000);
      const options = [place.repository, ids[2] ?? '', '--against', 'src'];
      expect(await run('verify', ...options)).toMatchObject({ status: 0 });
      const outcome = await run('verify', ...options, '--checksum');
      expect(outcome.status).toBe(27);
      expect(outcome.stdout).toContain('different   src/dir/deep (content)\n');
      expect(await run('verify', ...options, '--checksum', '--exclude', 'deep')).toMatchObject({ status: 0 });
      writeFileSync(file, 'below');
      utimesSync(file, 1_700_000_000, 1_700_000_000);
    });

    it('tells a flipped byte by name, in every snapshot that shares the file', async () => {
      const big = at(ids[1] ?? '', 'big');
      const whole = readFileSync(big);
      const { mtime, mode } = statSync(big);
      const flip = (byte: number): void => {
        const changed = Buffer.from(whole);
        changed[123_456] = byte;
        chmodSync(big, 0o644);
        writeFileSync(big, changed);
        utimesSync(big, mtime, mtime);
        chmodSync(big, mode & 0o7777);
      };
      flip(0x42);
      const outcome = await run('verify', place.repository, '--json');
      expect(outcome).toMatchObject({ status: 27, stderr: '' });
      expect(json(outcome).filter(({ type }) => type === 'finding')).toEqual(
        ids.map((snapshot) =>
          expect.objectContaining({ snapshot, finding: 'damaged', path: 'big', changes: ['content'] }),
        ),
      );
      flip(whole[123_456] ?? 0);
      expect(await run('verify', place.repository)).toMatchObject({ status: 0 });
    });

    it('is never pruned in a dry run, and by the policy otherwise', async () => {
      const before = describeTree(at());
      const dry = await run('prune', place.repository, '--keep', 'REDUNDANCY 2', '--dry-run');
      expect(dry).toMatchObject({ status: 0, stderr: '' });
      expect(dry.stdout).toContain(`snapshot ${ids[0]} would be removed: there are 2 newer ones\n`);
      expect(describeTree(at()).filter((line) => !line.includes('.cellarman'))).toEqual(
        before.filter((line) => !line.includes('.cellarman')),
      );
      const left = ids.slice(1);
      const inodes = left.map((id) => statSync(at(id, 'big')).ino);
      const trees = left.map((id) => describeTree(at(id)));

      expect(await run('prune', place.repository, '--keep', 'redundancy 2')).toMatchObject({
        status: 0,
        stdout: [
          `snapshot ${ids[0]} removed: there are 2 newer ones`,
          `snapshot ${ids[1]} is kept: it is number 2 of the newest 2`,
          `snapshot ${ids[2]} is kept: it is number 1 of the newest 2`,
          '',
        ].join('\n'),
      });
      expect(readdirSync(at()).filter((entry) => entry !== '.cellarman')).toEqual(left);
      expect(existsSync(at('.cellarman', `${ids[0]}.manifest.gz`))).toBe(false);
      expect(left.map((id) => statSync(at(id, 'big')).ino)).toEqual(inodes);
      expect(left.map((id) => describeTree(at(id)))).toEqual(trees);
      expect(await run('verify', place.repository)).toMatchObject({ status: 0 });
    });

    it('says in one sentence what is wrong with a request', async () => {
      const missing = '20000101T000000';
      const cases: [string[], number, RegExp][] = [
        [['verify', place.repository, missing], 3, /there is no snapshot 20000101T000000 in /],
        [['diff', place.repository, missing, ids[2] ?? ''], 3, /there is no snapshot 20000101T000000 in /],
        [['snapshots', `${place.repository}/nowhere`], 3, /there is no snapshot repository at /],
        [['prune', place.repository, '--keep', 'REDUNDANCY 0'], 1, /"REDUNDANCY 0" is no retention policy/],
        [['prune', place.repository], 1, /--keep is needed/],
        [['diff', place.repository], 1, /REPO A B is needed/],
        [['verify', place.repository, '--nonsense'], 1, /--nonsense/],
        [['verify', place.repository, '--checksum'], 1, /need --against/],
      ];
      for (const [[command = '', ...args], status, sentence] of cases) {
        const outcome = await run(command, ...args);
        expect({ status: outcome.status, stdout: outcome.stdout }).toEqual({ status, stdout: '' });
        expect(outcome.stderr).toMatch(sentence);
        expect(outcome.stderr).not.toContain('    at ');
      }
      expect(json(await run('verify', place.repository, missing, '--json'))).toMatchObject([
        { type: 'error', status: 3, code: 'SNAPSHOT_MISSING' },
      ]);
    });

    it('is still listed and verified as far as it goes when a manifest is cut off', async () => {
      const manifest = at('.cellarman', `${ids[1]}.manifest.gz`);
      truncateSync(manifest, statSync(manifest).size - 1);
      expect(json(await run('snapshots', place.repository, '--json'))).toMatchObject([
        { id: ids[1], state: 'damaged', code: 'MANIFEST_DAMAGED' },
        { id: ids[2], state: 'complete' },
      ]);
      const outcome = await run('verify', place.repository);
      expect(outcome.status).toBe(27);
      expect(outcome.stdout).toMatch(/cannot be verified: the manifest \S+ is damaged: /);
      expect(outcome.stdout).toContain(`${ids[2]}: 6 files`);
    });
  });
}
