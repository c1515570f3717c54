import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { writeIdentity } from '../../../src/manager/catalogue/identity.ts';
import { serverLockPath, takeLock } from '../../../src/manager/catalogue/locks.ts';
import { sweepTemporaries } from '../../../src/manager/wal/archive/sweep.ts';
import { barman, isModernBarman, requireBarman } from '../../support/barman.ts';
import { type BarmanHome, barmanHome } from '../../support/barman-home.ts';
import { type InProcessRun, runInProcess } from '../../support/in-process.ts';
import { requireProgram } from '../../support/programs.ts';
import { canMount, mountScratchDisk } from '../../support/scratch-disk.ts';
import { segmentBytes } from '../../support/wal-segment.ts';

const SIZE = 1024 * 1024;
const first = '000000010000000000000001';
const named = (number: number): string =>
  `0000000100000000${number.toString(16).toUpperCase().padStart(8, '0')}`;

let home: BarmanHome;
let pg: string;
const at = (...parts: readonly string[]): string => join(pg, ...parts);

function configure(lines: string): void {
  home = barmanHome({ servers: { pg: lines } });
  pg = join(home.home, 'pg');
  // `meta`: as today's Barman has it, whichever is installed here.
  for (const name of ['incoming', 'streaming', 'wals', 'errors', 'base', 'meta'])
    fs.mkdirSync(at(name), { recursive: true });
}

beforeEach(() => configure(''));
afterEach(() => home.dispose());

function arrive(name: string, content: Uint8Array, where = 'incoming'): Buffer {
  fs.writeFileSync(at(where, name), content, { mode: 0o640 });
  fs.utimesSync(at(where, name), 1_700_000_000.25, 1_700_000_000.25);
  return Buffer.from(content);
}

const archive = (): Promise<InProcessRun> => runInProcess('-c', home.config, 'archive-wal', 'pg');
const index = (): string[] => {
  const files = [at('wals', 'pg-xlog.db'), at('wals', 'xlog.db')].filter((path) => fs.existsSync(path));
  return files.flatMap((path) => fs.readFileSync(path, 'utf8').trimEnd().split('\n'));
};
const indexed = (): string[] => index().map((line) => line.split('\t')[0] ?? '');
const archived = (name: string): string => at('wals', name.slice(0, 16), name);

describe('archive-wal', () => {
  it('puts files where Barman does, with time and mode, and lists them', async () => {
    const content = arrive(first, segmentBytes(first, SIZE));
    arrive('00000002.history', Buffer.from('1\t0/3000000\tno recovery target specified\n'));
    arrive(`${first}.00000028.backup`, Buffer.from('START WAL LOCATION: 0/1000028\n'));
    const { status, stdout, stderr } = await archive();
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toBe(
      `Processing xlog segments from file archival for pg\n\t${first}\n\t${first}.00000028.backup\n\t00000002.history\n`,
    );
    expect(fs.readFileSync(archived(first)).equals(content)).toBe(true);
    expect(fs.statSync(archived(first))).toMatchObject({ mtimeMs: 1_700_000_000_250, nlink: 1 });
    expect(fs.readdirSync(at('wals')).sort()).toEqual(['0000000100000000', '00000002.history', 'pg-xlog.db']);
    expect(fs.readdirSync(at('incoming'))).toEqual([]);
    expect(index()[0]).toBe(`${first}\t${SIZE}\t1700000000.25\tNone\tNone`);
    expect(indexed()).toEqual([first, `${first}.00000028.backup`, '00000002.history']);
    expect((await archive()).stdout).toContain('\tno file found\n');
  });

  it('archives more files than a group has', async () => {
    const names = Array.from({ length: 40 }, (_, number) => named(number + 1));
    for (const name of names) arrive(name, segmentBytes(name, SIZE));
    expect((await archive()).status).toBe(0);
    expect(indexed()).toEqual(names);
    expect(fs.readdirSync(at('wals', '0000000100000000'))).toEqual(names);
  });

  it('keeps out a segment of another cluster, by identity, archive or first arrival', async () => {
    const [second, third, fourth] = [named(2), named(3), named(4)];
    arrive(first, segmentBytes(first, SIZE, 1n));
    arrive(second, segmentBytes(second, SIZE, 2n));
    expect((await archive()).status).toBe(1);
    expect(indexed()).toHaveLength(1);

    const mine = indexed()[0] === first ? 1n : 2n;
    arrive(third, gzipSync(segmentBytes(third, SIZE, mine + 1n)));
    const { status, stderr } = await archive();
    expect(status).toBe(1);
    expect(stderr).toContain(
      `it belongs to the cluster ${mine + 1n}, not to ${mine}. File moved to errors directory`,
    );

    await writeIdentity({ identity: at('identity.json') }, { systemId: '7', version: '17' });
    arrive(fourth, segmentBytes(fourth, SIZE, mine));
    expect((await archive()).status).toBe(1);
    expect(indexed()).toHaveLength(1);
    expect(fs.readdirSync(at('errors')).filter((name) => /\.\d{8}T\d{6}Z\.error$/.test(name))).toHaveLength(
      3,
    );
    expect(fs.readdirSync(at('incoming'))).toEqual([]);
  });

  it('leaves what is encrypted where it is, and says so', async () => {
    // By a passphrase, by an elliptic and by an RSA key, and with letters only.
    const heads = [
      '8c0d04090302',
      '845e0312',
      '85010c03',
      Buffer.from('-----BEGIN PGP MESSAGE-----').toString('hex'),
    ];
    const names = heads.map((_, number) => named(number + 1));
    for (const [at, head] of heads.entries())
      arrive(names[at] ?? '', Buffer.concat([Buffer.from(head, 'hex'), randomBytes(1000)]));
    const last = named(heads.length + 1);
    arrive(last, segmentBytes(last, SIZE));
    const { status, stderr } = await archive();
    expect(status).toBe(1);
    expect(
      stderr.match(/^ERROR: \S+ is encrypted with gpg, which cellarman cannot undo: .*$/gm),
    ).toHaveLength(4);
    expect(fs.readdirSync(at('incoming'))).toEqual(names);
    expect(indexed()).toEqual([last]);
  });

  it('keeps out a segment under the name of another, and leaves one that is not complete', async () => {
    arrive(named(2), segmentBytes(first, SIZE));
    arrive(named(3), segmentBytes(named(3), SIZE).subarray(0, -1));
    arrive(named(4), Buffer.alloc(0));
    const { status, stderr } = await archive();
    expect(status).toBe(1);
    expect(stderr).toMatch(/ERROR: .*it holds WAL from 0\/100000 on/);
    expect(stderr).toMatch(/has 1048575 of 1048576 bytes/);
    // One that is just being written is no error.
    arrive(named(5), segmentBytes(named(5), SIZE).subarray(0, -1));
    fs.utimesSync(at('incoming', named(5)), new Date(), new Date());
    expect((await archive()).stderr).not.toContain(named(5));
    fs.rmSync(at('incoming', named(5)));
    expect(stderr).toMatch(
      /ERROR: \S+4 has 0 of at least 40 bytes .*; unless it is still being sent, remove it, /,
    );
    // `check` names the first, though the archiver told only its log.
    const { stdout } = await runInProcess('-c', home.config, 'check', 'pg');
    expect(stdout).toMatch(
      /\tincoming WALs directory: FAILED \(\S+3 has 1048575 of 1048576 bytes .*; unless .*\)\n/,
    );
    expect(fs.readdirSync(at('incoming'))).toEqual([named(3), named(4)]);
    expect(fs.readdirSync(at('wals'))).toEqual([]);
  });

  it('takes no file for one that is being written because its time is in the future', async () => {
    arrive(first, segmentBytes(first, SIZE).subarray(0, 2));
    const now = Date.now();
    fs.utimesSync(at('incoming', first), now / 1000, now / 1000 + 3600);
    expect(await archive()).toMatchObject({ status: 0, stderr: '' });
    vi.useFakeTimers({ now: now + 60_000, toFake: ['Date'] });
    try {
      expect((await archive()).stderr).toMatch(/1 has 2 of at least 40 bytes/);
    } finally {
      vi.useRealTimers();
    }
  });

  it('leaves a compressed segment that is cut off, and takes a whole one', async () => {
    const whole = gzipSync(
      Buffer.concat([segmentBytes(first, SIZE).subarray(0, SIZE / 2), randomBytes(SIZE / 2)]),
    );
    arrive(first, whole);
    arrive(named(2), gzipSync(segmentBytes(named(2), SIZE)).subarray(0, -8));
    arrive(named(3), gzipSync(segmentBytes(named(3), SIZE).subarray(0, SIZE / 2)));
    const { status, stderr } = await archive();
    expect(status).toBe(1);
    expect(stderr).toMatch(/gzip failed on .*2: .*unexpected end of file/);
    expect(stderr).toMatch(/3 has 524288 of 1048576 bytes/);
    expect(fs.readdirSync(at('incoming'))).toEqual([named(2), named(3)]);
    expect(indexed()).toEqual([first]);
    expect(fs.readFileSync(archived(first))).toEqual(whole);
  });

  it('removes what is there already, and puts what differs and what is unknown apart', async () => {
    const content = segmentBytes(first, SIZE);
    arrive(first, content);
    await archive();
    arrive(first, gzipSync(content));
    expect(await archive()).toMatchObject({ status: 0, stderr: '' });
    expect([fs.readdirSync(at('incoming')), fs.readdirSync(at('errors'))]).toEqual([[], []]);

    const other = segmentBytes(first, SIZE);
    other.write('x', SIZE - 1);
    arrive(first, other);
    arrive('notes.txt', Buffer.from('x'));
    arrive('half.tmp', Buffer.from('x'));
    arrive('.hidden', Buffer.from('x'));
    const { status, stdout } = await archive();
    expect(status).toBe(0);
    expect(stdout).toContain(
      `\tError: ${first} is already present in server pg. File moved to errors directory.\n`,
    );
    expect(stdout).toContain('Objects moved to errors directory:\n\tnotes.txt\n');
    expect(fs.readdirSync(at('errors')).map((name) => name.replace(/\.\d{8}T\d{6}Z\./, ' '))).toEqual([
      `${first} duplicate`,
      'notes.txt unknown',
    ]);
    expect(fs.readdirSync(at('incoming'))).toEqual(['.hidden', 'half.tmp']);
    expect(fs.readFileSync(archived(first)).equals(content)).toBe(true);
    expect(indexed()).toEqual([first]);
  });

  it('puts two apart that come under one name by both ways at once', async () => {
    home.dispose();
    configure('streaming_archiver = on\n');
    const content = (last: string): Buffer =>
      Buffer.concat([segmentBytes(first, SIZE).subarray(0, -1), Buffer.from(last)]);
    arrive(first, content('1'));
    expect((await archive()).status).toBe(0);
    arrive(first, content('2'));
    arrive(first, content('3'), 'streaming');
    arrive(named(2), segmentBytes(named(2), SIZE), 'streaming');
    expect((await archive()).status).toBe(0);
    const apart = fs.readdirSync(at('errors'));
    for (const name of apart) expect(name).toMatch(/^[0-9A-F]{24}\.\d{8}T\d{6}Z\.duplicate$/);
    expect(apart.map((name) => fs.readFileSync(at('errors', name), 'latin1').at(-1)).sort()).toEqual([
      '2',
      '3',
    ]);
  });

  it('lists a file once that comes by both ways, however many do', async () => {
    home.dispose();
    configure('streaming_archiver = on\n');
    const names = Array.from({ length: 250 }, (_, number) => `${named(number + 1)}.00000028.backup`);
    const [known = ''] = names;
    arrive(known, Buffer.from(known));
    expect((await archive()).status).toBe(0);
    for (const name of names)
      for (const where of ['incoming', 'streaming']) arrive(name, Buffer.from(name), where);
    arrive(named(251), Buffer.from('x'), 'streaming');
    expect((await archive()).status).toBe(0);
    expect(indexed()).toEqual(names);
  });

  it('takes no empty history or label, which a crash of the sender leaves', async () => {
    for (const name of ['00000002.history', `${first}.00000028.backup`]) arrive(name, Buffer.from(''));
    const { status, stderr } = await archive();
    expect(status).toBe(1);
    expect(stderr).toContain('00000002.history');
    expect(indexed()).toEqual([]);
    expect(fs.readdirSync(at('incoming'))).toHaveLength(2);
  });

  it('gives a file its line when a crash came before', async () => {
    const content = arrive(first, segmentBytes(first, SIZE));
    fs.mkdirSync(at('wals', '0000000100000000'));
    fs.writeFileSync(archived(first), content);
    fs.writeFileSync(`${archived(named(2))}.tmp`, 'half');
    arrive(named(2), segmentBytes(named(2), SIZE));
    await archive();
    expect(indexed().sort()).toEqual([first, named(2)]);
    expect(fs.statSync(archived(named(2))).size).toBe(SIZE);
  });

  it('never has a file under both names: who writes it once more does not write into the archive', async () => {
    await writeIdentity(
      { identity: at('identity.json') },
      { systemId: '7000000000000000001', version: '17' },
    );
    const content = arrive(first, segmentBytes(first, SIZE));
    // It breaks off where the file gets its line.
    fs.mkdirSync(at('wals', 'pg-xlog.db'));
    expect((await archive()).status).not.toBe(0);
    fs.writeFileSync(at('incoming', first), 'cut off');
    if (fs.existsSync(archived(first))) expect(fs.readFileSync(archived(first)).equals(content)).toBe(true);
    fs.rmdirSync(at('wals', 'pg-xlog.db'));
    arrive(first, content);
    await archive();
    expect(fs.readFileSync(archived(first)).equals(content)).toBe(true);
    expect([indexed(), fs.readdirSync(at('incoming'))]).toEqual([[first], []]);
  });

  it('archives what a run that was killed had only written the line of, and writes it no second time', async () => {
    const content = segmentBytes(first, SIZE);
    arrive(first, content);
    await archive();
    fs.renameSync(archived(first), at('incoming', first));
    arrive(named(2), segmentBytes(named(2), SIZE));
    await archive();
    expect(fs.readFileSync(archived(first)).equals(content)).toBe(true);
    expect(indexed()).toEqual([first, named(2)]);
  });

  it('writes one line only where the compression changed after such a run', async () => {
    for (const number of [1, 2, 3]) arrive(named(number), segmentBytes(named(number), SIZE));
    await archive();
    fs.renameSync(archived(named(2)), at('incoming', named(2)));
    fs.appendFileSync(at('wals', 'pg-xlog.db'), 'no line\n');
    fs.appendFileSync(home.config, 'compression = gzip\n');
    expect((await archive()).status).toBe(0);
    expect(indexed()).toEqual([first, named(3), 'no line', named(2)]);
    expect(index().at(-1)).toMatch(/\tgzip\tNone$/);
  });

  it('leaves a file that is written once more while it is compressed', async () => {
    home.dispose();
    const magic = 'custom_compression_magic = 0x23656e63\n';
    configure(
      `compression = custom\n${magic}custom_decompression_filter = tail -c +5\n` +
        "custom_compression_filter = printf '#enc'; head -c 1000; : > /dev/stdin\n",
    );
    arrive(first, segmentBytes(first, SIZE));
    await archive();
    expect(fs.readdirSync(at('incoming'))).toEqual([first]);
    expect(fs.readdirSync(at('wals', '0000000100000000'))).toEqual([]);
  });

  it('does nothing beside another run, on an inactive server, or where WAL has to be encrypted', async () => {
    arrive(first, segmentBytes(first, SIZE));
    {
      using _lock = await takeLock(serverLockPath({ directory: home.home, server: 'pg' }, 'archive-wal'));
      expect(await archive()).toMatchObject({
        status: 0,
        stdout: 'Another archive-wal process is already running on server pg\n',
      });
    }
    home.dispose();
    configure('active = off\n');
    expect(await archive()).toMatchObject({ status: 0, stdout: "Skipping inactive server 'pg'\n" });
    home.dispose();
    configure('encryption = gpg\nencryption_key_id = x\n');
    expect((await archive()).stderr).toContain('cannot do this: archiving with encryption');
    arrive(first, segmentBytes(first, SIZE));
    expect((await archive()).status).toBe(1);
    expect(fs.readdirSync(at('incoming'))).toEqual([first]);
  });

  it('leaves the segment that is being received, and takes older partial ones', async () => {
    home.dispose();
    configure('streaming_archiver = on\nstreaming_conninfo = host=x\nslot_name = x\n');
    for (const name of [`${first}.partial`, named(2), named(3), `${named(4)}.partial`])
      arrive(name, segmentBytes(name.slice(0, 24), SIZE), 'streaming');
    const { stdout } = await archive();
    expect(stdout).toContain(`from streaming for pg\n\t${first}.partial\n\t${named(2)}\n\t${named(3)}\n`);
    expect(fs.readdirSync(at('streaming'))).toEqual([`${named(4)}.partial`]);
    arrive(named(4), segmentBytes(named(4), SIZE), 'streaming');
    fs.rmSync(at('streaming', `${named(4)}.partial`));
    await archive();
    expect(fs.readdirSync(at('streaming'))).toEqual([named(4)]);
  });

  it('takes no file of another kind for the segment that is being received', async () => {
    home.dispose();
    configure('streaming_archiver = on\n');
    arrive(first, segmentBytes(first, SIZE), 'streaming');
    arrive(named(2), segmentBytes(named(2), SIZE), 'streaming');
    arrive('notes', Buffer.from('x'), 'streaming');
    await archive();
    expect(indexed()).toEqual([first]);
    expect(fs.readdirSync(at('streaming'))).toEqual([named(2)]);
    expect(fs.readdirSync(at('errors'))).toHaveLength(1);
  });

  it('takes no more than a batch', async () => {
    home.dispose();
    configure('archiver_batch_size = 2\n');
    for (const number of [1, 2, 3]) arrive(named(number), segmentBytes(named(number), SIZE));
    expect((await archive()).stdout).toContain('for pg (batch size: 2)\n');
    expect(fs.readdirSync(at('incoming'))).toEqual([named(3)]);
  });

  it('takes a batch of what can be archived, whatever has to stay in front of it', async () => {
    home.dispose();
    configure('archiver_batch_size = 1\nstreaming_archiver = on\nstreaming_archiver_batch_size = 1\n');
    fs.mkdirSync(at('incoming', named(1)));
    for (const number of [2, 3]) arrive(named(number), segmentBytes(named(number), SIZE));
    for (const number of [4, 5]) arrive(named(number), segmentBytes(named(number), SIZE), 'streaming');
    arrive(`${named(6)}.partial`, segmentBytes(named(6), SIZE), 'streaming');
    await archive();
    expect(fs.readdirSync(at('streaming'))).toEqual([named(5), `${named(6)}.partial`]);
    expect(fs.readdirSync(at('incoming'))).toEqual([named(1), named(3)]);
  });

  describe.each([
    ['gzip', 'gzip', ['gzip', '-dc']],
    ['pygzip', 'gzip', ['gzip', '-dc']],
    ['pigz', 'gzip', ['pigz', '-dc']],
    ['bzip2', 'bzip2', ['bzip2', '-dc']],
    ['xz', 'xz', ['xz', '-dc']],
    ['zstd', 'zstd', ['zstd', '-dc']],
    ['lz4', 'lz4', ['lz4', '-dc']],
  ])('with compression = %s', (compression, stored, [program = '', ...args]) => {
    it.skipIf(!requireProgram(program))('stores what can be read again', async () => {
      home.dispose();
      configure(`compression = ${compression}\ncompression_level = low\n`);
      const content = arrive(first, segmentBytes(first, SIZE));
      arrive(named(2), gzipSync(segmentBytes(named(2), SIZE)));
      expect(await archive()).toMatchObject({ status: 0, stderr: '' });
      const size = fs.statSync(archived(first)).size;
      expect(size).toBeLessThan(SIZE / 2);
      const restored = execFileSync(program, [...args, archived(first)], { maxBuffer: 2 * SIZE });
      expect(restored.equals(content)).toBe(true);
      expect(fs.statSync(archived(first))).toMatchObject({ mtimeMs: 1_700_000_000_250, mode: 0o100640 });
      expect(index()).toEqual([
        `${first}\t${size}\t1700000000.25\t${stored}\tNone`,
        expect.stringMatching(`^${named(2)}\t.*\tgzip\tNone$`),
      ]);
      // The header of what is compressed at home is looked at, too, and a duplicate known by content.
      arrive(first, content);
      expect((await archive()).status).toBe(0);
      expect([fs.readdirSync(at('incoming')), fs.readdirSync(at('errors'))]).toEqual([[], []]);
    });
  });

  it('stores what it can read again with compression = snappy', async () => {
    home.dispose();
    configure('compression = snappy\n');
    const content = arrive(first, segmentBytes(first, SIZE));
    expect(await archive()).toMatchObject({ status: 0, stderr: '' });
    expect(fs.readFileSync(archived(first)).toString('hex', 0, 10)).toBe('ff060000734e61507059');
    expect(index()[0]).toContain('\tsnappy\t');
    arrive(first, content);
    expect((await archive()).status).toBe(0);
    expect([fs.readdirSync(at('incoming')), fs.readdirSync(at('errors'))]).toEqual([[], []]);
  });

  it('removes what senders left that were killed, and no other hidden file', async () => {
    const stale = [`.${first}.0123456789ab.tmp`, `.123-${first}`];
    const others = ['.123-notes', '.keep', `.${first}.0123456789ab.tmp2`];
    for (const name of [...stale, ...others]) arrive(name, Buffer.from('x'));
    const names = fs.readdirSync(at('incoming'));
    await sweepTemporaries(at('incoming'), names);
    expect(fs.readdirSync(at('incoming'))).toEqual(names);
    await sweepTemporaries(at('incoming'), names, Date.now() + 2 * 3600 * 1000);
    expect(fs.readdirSync(at('incoming'))).toEqual(others.sort());
  });

  it('runs filters of its own configuration, and says when one fails', async () => {
    home.dispose();
    const magic = 'custom_compression_magic = 0x23656e63\n';
    configure(
      `compression = custom\n${magic}custom_compression_filter = printf '#enc'; gzip -c\n` +
        'custom_decompression_filter = tail -c +5 | gzip -dc\n',
    );
    const content = arrive(first, segmentBytes(first, SIZE));
    expect(await archive()).toMatchObject({ status: 0, stderr: '' });
    expect(gunzipSync(fs.readFileSync(archived(first)).subarray(4)).equals(content)).toBe(true);
    expect(index()[0]).toContain('\tcustom\t');
    arrive(first, content);
    await archive();
    expect(fs.readdirSync(at('incoming'))).toEqual([]);

    // Without magic, as with Barman, whatever nothing else tells of is the filter's work; but not WAL itself.
    home.dispose();
    configure(
      'compression = custom\ncustom_compression_filter = base64\ncustom_decompression_filter = base64 -d\n',
    );
    const history = Buffer.from('1\t0/3000000\tno recovery target specified\n');
    arrive(first, content);
    arrive('00000002.history', history);
    expect(await archive()).toMatchObject({ status: 0, stderr: '' });
    expect(index().map((line) => line.split('\t')[3])).toEqual(['custom', 'custom']);
    arrive(first, content);
    arrive('00000002.history', history);
    expect(await archive()).toMatchObject({ status: 0, stderr: '' });
    expect([fs.readdirSync(at('incoming')), fs.readdirSync(at('errors'))]).toEqual([[], []]);
    await runInProcess('-c', home.config, 'get-wal', '-o', at('errors'), 'pg', first);
    expect(fs.readFileSync(at('errors', first)).equals(content)).toBe(true);

    home.dispose();
    configure('compression = custom\ncustom_compression_filter = echo no >&2; false\n');
    arrive(first, segmentBytes(first, SIZE));
    const { status, stderr } = await archive();
    expect(status).toBe(1);
    expect(stderr).toMatch(/false failed on .*: no\n/);
    expect(fs.readdirSync(at('incoming'))).toEqual([first]);
    expect(fs.readdirSync(at('wals', '0000000100000000'))).toEqual([]);

    // One that has just come is told of, too: it can be read, so it is not just arriving.
    const now = Date.now() / 1000;
    fs.utimesSync(at('incoming', first), now, now);
    expect(await archive()).toMatchObject({ status: 1, stderr });
  });

  it.skipIf(!canMount())('names the disk that is full, and leaves no half of a file there', async () => {
    const wals = join(home.home, 'other');
    const disk = mountScratchDisk(wals, '3m');
    const config = fs.readFileSync(home.config, 'utf8');
    try {
      for (const compression of ['', 'compression = gzip\n']) {
        fs.writeFileSync(home.config, `${config}wals_directory = ${wals}\n${compression}`);
        fs.writeFileSync(join(wals, 'filler'), randomBytes(2.5 * SIZE));
        arrive(first, Buffer.concat([segmentBytes(first, SIZE).subarray(0, 8192), randomBytes(SIZE - 8192)]));
        const { status, stderr } = await archive();
        expect(stderr).toBe(
          `ERROR: no space left on the device that holds ${join(wals, first.slice(0, 16), first)}\n`,
        );
        expect(status).toBe(1);
        expect(fs.readdirSync(join(wals, first.slice(0, 16)))).toEqual([]);
        expect(fs.readdirSync(at('incoming'))).toEqual([first]);
        fs.rmSync(join(wals, 'filler'));
      }
      expect((await archive()).status).toBe(0);
      expect(fs.readdirSync(join(wals, '0000000100000000'))).toEqual([first]);
    } finally {
      disk.unmount();
    }
  });
});

describe.skipIf(!requireBarman())('archive-wal beside Barman', () => {
  it.each(['', 'compression = gzip\n', 'compression = bzip2\n'])(
    'leaves what Barman leaves (%j)',
    async (lines) => {
      const files = (): void => {
        for (const number of [1, 2]) arrive(named(number), segmentBytes(named(number), SIZE));
        arrive('00000002.history', Buffer.from('1\t0/3000000\tx\n'));
        arrive('odd', Buffer.from('x'));
      };
      const facts = (): unknown => ({
        tree: fs
          .readdirSync(pg, { recursive: true, encoding: 'utf8' })
          .map((name) => name.replace(/\d{8}T\d{6}Z/, ''))
          .sort(),
        index: index().map((line) => line.split('\t').filter((_, column) => column !== 1)),
      });
      const fresh = (): void => {
        home.dispose();
        configure(lines);
        // So that both have the index of the same age.
        fs.writeFileSync(at('wals', isModernBarman() ? 'pg-xlog.db' : 'xlog.db'), '');
        files();
      };
      fresh();
      const theirs = barman(home.config, 'archive-wal', 'pg');
      const expected = facts();
      fresh();
      const ours = await archive();
      expect(ours.stdout).toBe(theirs.stdout);
      expect(facts()).toEqual(expected);
    },
  );

  it('works in turns with it, and both know the whole archive', async () => {
    home.dispose();
    configure('compression = gzip\n');
    fs.writeFileSync(at('wals', isModernBarman() ? 'pg-xlog.db' : 'xlog.db'), '');
    for (const number of [1, 2, 3, 4]) {
      arrive(named(number), segmentBytes(named(number), SIZE));
      if (number % 2 === 0) barman(home.config, 'archive-wal', 'pg');
      else await archive();
    }
    // Each takes the other's for what it is.
    arrive(named(1), segmentBytes(named(1), SIZE));
    barman(home.config, 'archive-wal', 'pg');
    arrive(named(2), segmentBytes(named(2), SIZE));
    await archive();
    expect(indexed()).toEqual([1, 2, 3, 4].map(named));
    expect(fs.readdirSync(at('errors'))).toEqual([]);
    const before = index()
      .map((line) => line.split('\t').slice(0, 4))
      .sort();
    expect(barman(home.config, 'rebuild-xlogdb', 'pg').status).toBe(0);
    expect(
      index()
        .map((line) => line.split('\t').slice(0, 4))
        .sort(),
    ).toEqual(before);
  });
});
