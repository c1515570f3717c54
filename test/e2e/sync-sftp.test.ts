import {
  chmodSync,
  chownSync,
  existsSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Outcome } from '../support/built-cli.ts';
import { runCli, startProgram } from '../support/cli-process.ts';
import { requireProgram } from '../support/programs.ts';
import { byCommand, bySsh2, type Reach } from '../support/reach.ts';
import { BASE, BASIS, CHANGED, itemLines } from '../support/rsync-trees.ts';
import { canMount, mountScratchDisk } from '../support/scratch-disk.ts';
import { freePort, generateKey, type Sshd, startSshd } from '../support/sshd.ts';
import { describeTree, plant, type TreeSpec } from '../support/tree.ts';

const DIRECTIONS = ['pull', 'push', 'across'] as const;
type Direction = (typeof DIRECTIONS)[number];

const SOURCE: TreeSpec = { ...BASE, [`long${'\xff'.repeat(251)}`]: 'x' };
const LAYOUT = { s: SOURCE, s2: SOURCE, d: CHANGED, p: BASIS };

const ready = requireProgram('sshd', 'ssh', 'ssh-keygen', 'rsync');

describe.skipIf(!ready)('sync over SFTP', () => {
  let scratch: string;
  let sshd: Sshd;
  let count = 0;
  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'cellarman-sync-sftp-'));
    sshd = await startSshd();
  });
  afterAll(async () => {
    await sshd.stop();
    rmSync(scratch, { recursive: true, force: true });
  });

  const reaches = { ssh2: () => bySsh2(sshd), 'an SSH command': () => byCommand(sshd) };

  /** An empty directory of its own for a test, or one planted with trees. */
  function place(trees: Readonly<Record<string, TreeSpec>> = {}): string {
    count += 1;
    const directory = join(scratch, `${count}`);
    mkdirSync(directory);
    for (const [name, spec] of Object.entries(trees)) plant(join(directory, name), spec);
    return directory;
  }

  /** Turns the bare locations of `-a s/ d` into such of the server, on the sides that the direction asks for. */
  function located(words: string, direction: Direction, directory: string, reach: Reach): string[] {
    const all = words.split(' ');
    return all.map((word, i) => {
      if (word.startsWith('-')) return word;
      const path = join(directory, word);
      const isRemote = direction === 'across' || (i === all.length - 1) === (direction === 'push');
      return isRemote ? reach.at(path) : path;
    });
  }

  const sync = (
    words: string,
    direction: Direction,
    directory: string,
    reach = bySsh2(sshd),
  ): Promise<Outcome> => runCli(['sync', ...reach.options, ...located(words, direction, directory, reach)]);

  function rsync(words: string, direction: Direction, directory: string): Promise<Outcome> {
    const reach = byCommand(sshd);
    const args =
      direction === 'across'
        ? words.split(' ')
        : [...reach.options, ...located(words, direction, directory, reach)];
    return startProgram('rsync', args, { cwd: directory }).outcome;
  }

  describe('like rsync', () => {
    const runs = [
      '-ai s/ new',
      '-ai s new',
      '-ai s/file new',
      '-ai --delete s/ d',
      '-ain --delete s/ d',
      '-aic --delete s/ d',
      '-aiu s/ d',
      '-ai --delete --exclude=ex* s/ d',
      '-ai --link-dest=../p s/ new',
      '-ai --link-dest=../d --link-dest=../p s/ d2',
      '-ai --copy-dest=../p s/ new',
      '-ai --compare-dest=../p s/ new',
      '-a s/dir s2/dir s/file d',
      '-a nowhere s/file new/',
      '-a nowhere/ d',
      '-a s/ no/where',
      '-a s/ s2/file',
    ];
    const few = ['-ai --delete s/ d', '-ai --link-dest=../p s/ new', '-a nowhere d'];
    const cases = [
      ...DIRECTIONS.flatMap((direction) => runs.map((words) => ['ssh2', direction, words] as const)),
      ...DIRECTIONS.flatMap((direction) => few.map((words) => ['an SSH command', direction, words] as const)),
    ];

    it.concurrent.each(cases)('by %s, %s: %s', async (name, direction, words) => {
      const [ours, theirs] = [place(LAYOUT), place(LAYOUT)];
      const mine = await sync(words, direction, ours, reaches[name]());
      const other = await rsync(words, direction, theirs);
      expect({ status: mine.status, stderr: mine.stderr }).toEqual({
        status: other.status,
        stderr: other.status === 0 ? '' : expect.stringMatching(/^cellarman: .*\n/),
      });
      expect(describeTree(ours)).toEqual(describeTree(theirs));
      // rsync calls a single file by its old name, and tells what differs from a basis.
      if (direction === 'across' || /-dest|s\/file new/.test(words)) return;
      // SFTP does not tell whether a file has other names, so one is sent anew where rsync sets its attributes.
      const shown = (line: string): string => line.slice(direction === 'push' ? 3 : 0);
      expect(itemLines(mine.stdout).map(shown).sort()).toEqual(itemLines(other.stdout).map(shown).sort());
    });
  });

  describe.concurrent.each(DIRECTIONS)('%s', (direction) => {
    const MOMENT = 1_700_000_000.654321;

    it('copies nothing the second time, whatever the times are like', async () => {
      const directory = place({ s: SOURCE });
      const source = join(directory, 's');
      writeFileSync(join(source, 'fresh'), 'just written');
      for (const name of ['file', 'dir/inner', 'dir', '-dash'])
        utimesSync(join(source, name), MOMENT, MOMENT);
      lutimesSync(join(source, 'link'), MOMENT, MOMENT);
      expect(await sync('-a s/ d', direction, directory)).toEqual({ status: 0, stdout: '', stderr: '' });
      expect(Math.floor(statSync(join(directory, 'd/file')).mtimeMs)).toBe(Math.floor(MOMENT) * 1000);
      expect(await sync('-ai --delete s/ d', direction, directory)).toEqual({
        status: 0,
        stdout: '',
        stderr: '',
      });
      expect(await sync('-aii --link-dest=../d s/ linked', direction, directory)).toMatchObject({
        status: 0,
      });
      expect(statSync(join(directory, 'linked/file')).ino).toBe(statSync(join(directory, 'd/file')).ino);
    });

    it('finds by --checksum what size and time do not show', async () => {
      const directory = place({ s: SOURCE, d: SOURCE });
      writeFileSync(join(directory, 's/dir/inner'), 'INNER');
      utimesSync(join(directory, 's/dir/inner'), 1_700_000_000, 1_700_000_000);
      utimesSync(join(directory, 's/dir'), 1_600_000_000, 1_600_000_000);
      expect(await sync('-ai s/ d', direction, directory)).toMatchObject({ status: 0, stdout: '' });
      const { status, stdout } = await sync('-aic s/ d', direction, directory);
      expect({ status, stdout }).toEqual({
        status: 0,
        stdout: expect.stringMatching(/^[<>]fc\.{8} dir\/inner\n$/),
      });
      expect(describeTree(join(directory, 'd'))).toEqual(describeTree(join(directory, 's')));
    });

    it('keeps to --bwlimit', async () => {
      const directory = place({ s: { big: 'x'.repeat(1024 * 1024) } });
      const begun = Date.now();
      expect(await sync('-a --bwlimit=512K s/ d', direction, directory)).toMatchObject({ status: 0 });
      // The first block passes at once.
      expect(Date.now() - begun).toBeGreaterThan(1400);
      expect(statSync(join(directory, 'd/big')).size).toBe(1024 * 1024);
    });

    it('changes nothing with -n', async () => {
      const directory = place(LAYOUT);
      const before = describeTree(directory);
      const { status, stdout } = await sync('-ain --delete s/ d', direction, directory);
      expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('-dash') });
      await sync('-an s/ new/', direction, directory);
      expect(describeTree(directory)).toEqual(before);
    });
  });

  describe('with paths that it may not read or write', () => {
    let guest: Sshd;
    beforeAll(async () => {
      const { sftpServer } = await import('../support/sftp-server-process.ts');
      const root = process.getuid?.() === 0;
      const program = root ? `setpriv --reuid=65534 --regid=65534 --clear-groups ${sftpServer}` : sftpServer;
      guest = await startSshd({ sftp: program ?? 'internal-sftp' });
      chmodSync(scratch, 0o755);
    });
    afterAll(() => guest.stop());

    const CLOSED: TreeSpec = {
      readable: 'x',
      unreadable: { content: 'secret', mode: 0 },
      'closed dir': { entries: { inside: 'x' }, mode: 0 },
      'open dir': { entries: { inside: 'x' } },
    };

    it('pulls the rest, names what is missing and removes nothing', async () => {
      const directory = place({
        s: CLOSED,
        d: { extra: 'x', unreadable: 'older', 'closed dir': { entries: { old: 'x' } } },
      });
      const { status, stderr } = await sync('-a --delete s/ d', 'pull', directory, bySsh2(guest));
      expect(status).toBe(23);
      expect(stderr.split('\n').sort()).toEqual([
        '',
        'cellarman: 2 paths could not be transferred; nothing was deleted because the source could not be read in full',
        expect.stringMatching(/^cellarman: permission denied: \S*\/s\/closed dir$/),
        expect.stringMatching(/^cellarman: permission denied: .*unreadable$/),
      ]);
      const at = (path: string): string => readFileSync(join(directory, 'd', path), 'utf8');
      expect([at('readable'), at('open dir/inside'), at('extra'), at('unreadable')]).toEqual([
        'x',
        'x',
        'x',
        'older',
      ]);
      chmodSync(join(directory, 'd/closed dir'), 0o700);
      expect(at('closed dir/old')).toBe('x');
    });

    it.skipIf(process.getuid?.() !== 0)('pushes the rest and names what it may not write', async () => {
      const spec: TreeSpec = {
        sub: { entries: { inside: 'x' } },
        secret: { entries: { inside: 'x' } },
        a: 'x',
      };
      const directory = place({ s: spec, d: {} });
      const destination = join(directory, 'd');
      plant(join(destination, 'sub'), { other: 'x' });
      plant(join(destination, 'secret'), { other: 'x' });
      chmodSync(join(destination, 'secret'), 0o700);
      chownSync(destination, 65534, 65534);
      const { status, stderr } = await sync('-rlt s/ d', 'push', directory, bySsh2(guest));
      expect(stderr).toMatch(/^(cellarman: .*\n)+$/);
      expect(stderr).toMatch(/permission denied: .*sub\/\.inside/);
      expect(stderr).toMatch(/permission denied: .*secret/);
      expect(status).toBe(23);
      expect(readFileSync(join(destination, 'a'), 'utf8')).toBe('x');
      expect(readdirSync(join(destination, 'sub'))).toEqual(['other']);
    });
  });

  describe('with bad input', () => {
    /** One sentence, no stack trace. */
    function expectSentence({ status, stdout, stderr }: Outcome, expected: number, sentence: RegExp): void {
      expect({ status, stdout, stderr }).toEqual({
        status: expected,
        stdout: '',
        stderr: expect.stringMatching(/^cellarman: [^\n]+\n$/),
      });
      expect(stderr).toMatch(sentence);
    }
    /** Files under the temporary names that transfers write to. */
    const leftovers = (directory: string): string[] =>
      readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) =>
        /(^|\/)\.[^/]*\.\w{6}$/.test(name),
      );

    const changed = (what: Partial<Sshd>): Reach => bySsh2({ ...sshd, ...what });
    const file = (name: string, content: string): string => {
      const path = join(sshd.directory, name);
      writeFileSync(path, content, { mode: 0o600 });
      return path;
    };
    const config = (name: string, change: (text: string) => string): Reach =>
      byCommand({ ...sshd, sshConfigFile: file(name, change(readFileSync(sshd.sshConfigFile, 'utf8'))) });

    it.concurrent.each([
      ['a source that is not there', '-a nowhere/ d', 23, /the source \S+nowhere\/ does not exist/],
      ['a destination that is a file', '-a s/ d/file', 3, /the destination \S+d\/file is a file/],
      ['a destination without its parent', '-a s/ no/where', 11, /no\/where cannot be made: .*--mkpath/],
      ['a loop of symbolic links as source', '-a loop/ d', 23, /loop/],
      [
        'a loop of symbolic links as destination',
        '-a s/ loop',
        11,
        /symbolic link.*\/loop|\/loop is a symbolic link that leads nowhere/,
      ],
      ['a name that is too long as source', `-a ${'n'.repeat(300)}/ d`, 23, /n{300}/],
      ['a name that is too long as destination', `-a s/ ${'n'.repeat(300)}`, 11, /name too long: .*n{300}/],
    ])('%s: %s', async (_, words, status, sentence) => {
      for (const direction of DIRECTIONS) {
        const directory = place({ s: SOURCE, d: { file: 'older' } });
        symlinkSync('loop', join(directory, 'loop'));
        const before = describeTree(directory);
        expectSentence(await sync(words, direction, directory), status, sentence);
        expect(describeTree(directory)).toEqual(before);
      }
    });

    it('a key that the server does not take', async () => {
      const identityFile = join(sshd.directory, 'other_key');
      generateKey(identityFile);
      const directory = place({ s: SOURCE });
      const sentence = /127\.0\.0\.1:\d+ refused the login of \S+ \(tried: /;
      expectSentence(await sync('-a s/ d', 'push', directory, changed({ identityFile })), 12, sentence);
      const byCommand = config('wrong_key', (text) => text.replaceAll(sshd.identityFile, identityFile));
      expectSentence(await sync('-a s/ d', 'push', directory, byCommand), 12, /refused the login/);
      expectSentence(
        await sync('-a s/ d', 'push', directory, changed({ user: 'no-such-user' })),
        12,
        sentence,
      );
      expect(existsSync(join(directory, 'd'))).toBe(false);
    });

    it('a host key that is not known, or another one', async () => {
      const directory = place({ s: SOURCE });
      const empty = file('empty_known_hosts', '');
      generateKey(join(sshd.directory, 'stranger'));
      const stranger = readFileSync(join(sshd.directory, 'stranger.pub'), 'utf8');
      const other = file('other_known_hosts', `[127.0.0.1]:${sshd.port} ${stranger}`);
      for (const [knownHostsFile, sentence] of [
        [empty, /the host key of \S+ is not known: .*SHA256:/],
        [other, /the host key of \S+ is .*SHA256:\S+, which is not the one in .*other_known_hosts/],
      ] as const) {
        expectSentence(await sync('-a s/ d', 'pull', directory, changed({ knownHostsFile })), 12, sentence);
        const reach = config('untrusting', (text) => text.replaceAll(sshd.knownHostsFile, knownHostsFile));
        expectSentence(await sync('-a s/ d', 'pull', directory, reach), 12, /host key/);
      }
      expect(existsSync(join(directory, 'd'))).toBe(false);
    });

    it('a server without SFTP', async () => {
      const without = await startSshd({ sftp: false });
      try {
        const directory = place({ s: SOURCE });
        for (const reach of [bySsh2(without), byCommand(without)]) {
          expectSentence(await sync('-a s/ d', 'pull', directory, reach), 12, /offers no SFTP/);
        }
      } finally {
        await without.stop();
      }
    });

    it('a host where nobody listens, and one that does not exist', async () => {
      const directory = place({ s: SOURCE });
      const port = await freePort();
      expectSentence(await sync('-a s/ d', 'pull', directory, changed({ port })), 10, /cannot reach /);
      const reach = config('nobody', (text) => text.replaceAll(`Port ${sshd.port}`, `Port ${port}`));
      expectSentence(await sync('-a s/ d', 'pull', directory, reach), 10, /cannot reach /);
    });

    it('a manifest that cannot be read', async () => {
      const directory = place({ s: SOURCE });
      const path = join(directory, 'manifest');
      const args = `-a --basis-manifest=${path} s/ d`;
      expectSentence(await sync(args, 'pull', directory), 11, /manifest/);
      writeFileSync(path, 'no manifest at all');
      expectSentence(await sync(args, 'pull', directory), 1, /the manifest .* is damaged/);
    });

    describe.skipIf(!canMount())('of disks', () => {
      it.each(DIRECTIONS)('a full one: %s', async (direction) => {
        const directory = place({ s: { a: 'x', big: 'x'.repeat(3 * 1024 * 1024), small: 'newer' } });
        const disk = mountScratchDisk(join(directory, 'd'), '1m');
        try {
          plant(disk.path, { big: 'older', small: 'old' });
          expectSentence(
            await sync('-a s/ d', direction, directory),
            11,
            /no space left on the device that holds .*big/,
          );
          expect(readFileSync(join(disk.path, 'big'), 'utf8')).toBe('older');
          expect(leftovers(disk.path)).toEqual([]);
        } finally {
          disk.unmount();
        }
      });

      it('one that fills up while many files are under way', async () => {
        const many = Array.from({ length: 2500 }, (_, i) => [`f${i}`, 'x'.repeat(20_000)] as const);
        const directory = place({ s: Object.fromEntries(many) });
        const disk = mountScratchDisk(join(directory, 'd'), '20m');
        try {
          expectSentence(await sync('-a s/ d', 'push', directory), 11, /no space left on the device/);
          expect(leftovers(disk.path)).toEqual([]);
        } finally {
          disk.unmount();
        }
      });

      it.each(DIRECTIONS)('a read-only one: %s', async (direction) => {
        const directory = place({ s: { a: 'x', sub: { entries: { b: 'x' } } } });
        const disk = mountScratchDisk(join(directory, 'd'), '1m');
        try {
          plant(disk.path, { a: 'older' });
          disk.makeReadOnly();
          expectSentence(await sync('-a s/ d', direction, directory), 11, /read-only/);
          expectSentence(await sync('-a s/ d/new', direction, directory), 11, /read-only/);
          expect(describeTree(disk.path).length).toBe(1);
        } finally {
          disk.unmount();
        }
      });
    });
  });
});
