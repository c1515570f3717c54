import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { layoutOf } from '../../../src/manager/catalogue/layout.ts';
import { loadConfiguration } from '../../../src/manager/config/load.ts';
import { Compression } from '../../../src/manager/wal/compression/compression.ts';
import { type PutResult, putWal } from '../../../src/manager/wal/put/put.ts';
import { requireBarman } from '../../support/barman.ts';
import { type BarmanHome, barmanHome } from '../../support/barman-home.ts';
import { MAIN } from '../../support/built-cli.ts';
import { requireProgram } from '../../support/programs.ts';
import { segmentBytes } from '../../support/wal-segment.ts';

const SIZE = 1024 * 1024;
const NAME = '000000010000000000000001';
const NEXT = '000000010000000000000002';
let home: BarmanHome;
const at = (...parts: readonly string[]): string => join(home.home, 'pg', ...parts);

beforeEach(() => {
  home = barmanHome({ servers: { pg: 'compression = gzip\n' } });
  for (const name of ['incoming', 'streaming', 'wals', 'errors']) fs.mkdirSync(at(name), { recursive: true });
});
afterEach(() => home.dispose());

function tar(dir: string, ...names: readonly string[]): Buffer {
  return spawnSync('tar', ['-c', '--format=pax', '-C', dir, ...names], { maxBuffer: 64 * SIZE }).stdout;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** In pieces that begin and end anywhere. */
async function* cut(bytes: Buffer, length: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += length) yield bytes.subarray(start, start + length);
}

function put(bytes: Buffer, length = 1000): Promise<PutResult[]> {
  const options = loadConfiguration({ explicit: home.config, env: {} }).servers.get('pg')?.options;
  if (options === undefined) throw new Error('no server');
  return putWal(cut(bytes, length), layoutOf(options), new Compression(options));
}

describe.skipIf(!requireProgram('tar'))('putWal', () => {
  const file = (name: string, content: string | Uint8Array): void => {
    fs.writeFileSync(join(home.dir, name), content);
    fs.utimesSync(join(home.dir, name), 1_700_000_000.5, 1_700_000_000.5);
  };
  const nothing = (): void => expect(fs.readdirSync(at('incoming'))).toEqual([]);

  it.each([511, 512, 513, 1_000_000])(
    'takes files with their checksums and times, in pieces of %i bytes',
    async (n) => {
      const content = segmentBytes(NAME, SIZE).subarray(0, 123_457);
      file(NAME, content);
      file('00000002.history', '');
      file('SHA256SUMS', `${sha256(content)} *${NAME}\n${sha256(Buffer.alloc(0))} *00000002.history\n`);
      const results = await put(tar(home.dir, `./${NAME}`, '00000002.history', 'SHA256SUMS'), n);
      expect(results.map(({ outcome }) => outcome)).toEqual(['received', 'received']);
      expect(fs.readFileSync(at('incoming', NAME)).equals(content)).toBe(true);
      expect(fs.statSync(at('incoming', NAME)).mtimeMs).toBe(1_700_000_000_500);
      expect(fs.readdirSync(at('incoming'))).toEqual([NAME, '00000002.history']);
    },
  );

  it('takes nothing where anything is wrong', async () => {
    file(NAME, 'abc');
    const wrong = async (sums: string, detail: string, ...names: readonly string[]): Promise<void> => {
      file('SHA256SUMS', sums);
      await expect(put(tar(home.dir, NAME, ...names, 'SHA256SUMS'))).rejects.toThrow(detail);
      nothing();
    };
    await wrong('', `the checksum of ${NAME} is missing`);
    await wrong(`${sha256(Buffer.from('abd'))} *${NAME}\n`, 'fails its checksum');
    const right = `${sha256(Buffer.from('abc'))} *${NAME}\n`;
    await wrong(`${right}${sha256(Buffer.from('x'))} *other\n`, 'the file other is missing');
    await wrong(`${right}nonsense\n`, 'damaged');
    fs.mkdirSync(join(home.dir, 'sub'));
    file('sub/file', 'x');
    await wrong(right, 'not a plain file', 'sub/file');
    fs.symlinkSync('/etc/passwd', join(home.dir, 'link'));
    await wrong(right, 'not a plain file', 'link');
    file('SHA256SUMS', right);
    const whole = tar(home.dir, NAME, 'SHA256SUMS');
    for (const length of [0, 100, 700, 1024, 1500]) {
      await expect(put(whole.subarray(0, length))).rejects.toMatchObject({ code: 'TAR' });
    }
    const damaged = Buffer.from(whole);
    damaged.write('z', 0);
    await expect(put(damaged)).rejects.toThrow('checksum');
    nothing();
  });

  it('knows a file that waits already', async () => {
    const send = (content: string): Promise<PutResult[]> => {
      file(NAME, content);
      file('SHA256SUMS', `${sha256(Buffer.from(content))}  ${NAME}\n`);
      return put(tar(home.dir, NAME, 'SHA256SUMS'));
    };
    await send('abc');
    expect(await send('abc')).toEqual([{ name: NAME, outcome: 'same' }]);
    expect(await send('abd')).toEqual([{ name: NAME, outcome: 'duplicate' }]);
    expect(fs.readFileSync(at('incoming', NAME), 'utf8')).toBe('abc');
    expect(fs.readdirSync(at('incoming'))).toEqual([NAME]);
    expect(fs.readdirSync(at('errors'))).toEqual([
      expect.stringMatching(/^0{7}10{15}1\.\d{8}T\d{6}Z\.duplicate$/),
    ]);
  });
});

describe.skipIf(!requireBarman())('put-wal and get-wal for barman-cli', () => {
  const client = (module: string, ...args: readonly string[]): { status: number | null; said: string } => {
    const { status, stdout, stderr } = spawnSync(
      '/usr/bin/python3',
      ['-m', `barman.clients.${module}`, ...args],
      {
        encoding: 'utf8',
        env: { ...process.env, PATH: `${home.dir}/bin:${process.env['PATH']}` },
      },
    );
    return { status, said: stdout + stderr };
  };
  const own = (...args: readonly string[]): { status: number | null; stdout: Buffer; stderr: Buffer } =>
    spawnSync(process.execPath, [MAIN, '-c', home.config, ...args], { maxBuffer: 64 * SIZE });

  beforeEach(() => {
    // In the place of ssh and the other host: the shell there runs the words that ssh would bring it.
    fs.mkdirSync(join(home.dir, 'bin'));
    const script = (name: string, body: string): void =>
      fs.writeFileSync(join(home.dir, 'bin', name), `#!/bin/bash\n${body}\n`, { mode: 0o755 });
    script('ssh', 'while [[ $1 != *@* ]]; do [[ $1 == -p ]] && shift; shift; done; shift; exec sh -c "$*"');
    script('barman', `exec ${process.execPath} ${MAIN} -c ${home.config} "$@"`);
  });

  it('receives and gives segments', () => {
    const content = segmentBytes(NAME, SIZE);
    fs.writeFileSync(join(home.dir, NAME), content);
    expect(client('walarchive', '--test', 'host', 'pg', 'x')).toMatchObject({ status: 0 });
    expect(client('walarchive', 'host', 'pg', join(home.dir, NAME))).toEqual({ status: 0, said: '' });
    expect(fs.readFileSync(at('incoming', NAME)).equals(content)).toBe(true);
    expect(own('archive-wal', 'pg').status).toBe(0);
    expect(fs.statSync(at('wals', NAME.slice(0, 16), NAME)).size).toBeLessThan(SIZE);

    const restored = join(home.dir, 'restored');
    const restore = (...args: readonly string[]): { status: number | null } =>
      client('walrestore', '--spool-dir', join(home.dir, 'spool'), ...args);
    expect(restore('--test', 'host', 'pg', 'x', 'y')).toMatchObject({ status: 0 });
    expect(restore('host', 'pg', NAME, restored)).toEqual({ status: 0, said: '' });
    expect(fs.readFileSync(restored).equals(content)).toBe(true);
    expect(restore('host', 'pg', NEXT, restored)).toMatchObject({ status: 1 });

    // In parallel, of which one file is archived and one has only arrived.
    const next = segmentBytes(NEXT, SIZE);
    fs.writeFileSync(at('incoming', NEXT), next);
    fs.mkdirSync(join(home.dir, 'spool'));
    expect(restore('-p', '2', 'host', 'pg', NAME, restored)).toMatchObject({ status: 0 });
    expect(restore('-p', '2', 'host', 'pg', NEXT, restored)).toMatchObject({ status: 0 });
    expect(fs.readFileSync(restored).equals(next)).toBe(true);
  });

  it('gives files in every form, and ends as Barman does', () => {
    const content = segmentBytes(NAME, SIZE);
    fs.writeFileSync(at('incoming', NAME), content);
    own('archive-wal', 'pg');
    fs.writeFileSync(at('streaming', `${NEXT}.partial`), 'part');
    expect(own('get-wal', 'pg', NAME).stdout.equals(content)).toBe(true);
    const stored = own('get-wal', '--keep-compression', 'pg', NAME).stdout;
    expect(stored.equals(fs.readFileSync(at('wals', NAME.slice(0, 16), NAME)))).toBe(true);
    expect(gunzipSync(own('get-wal', '-x', 'pg', NAME).stdout).equals(content)).toBe(true);
    for (const [format, ...flags] of [
      ['bzip2', '-j'],
      ['xz', '--compression', 'xz'],
      ['gzip', '-z'],
    ] as const) {
      const { stdout } = own('get-wal', ...flags, 'pg', NAME);
      const unpacked = spawnSync(format, ['-dc'], { input: stdout, maxBuffer: 2 * SIZE }).stdout;
      expect(unpacked.equals(content)).toBe(true);
    }
    expect(own('get-wal', '--test', 'pg', 'x').stdout.toString()).toContain('Ready to retrieve WAL files');
    expect(own('get-wal', '-o', join(home.dir, 'nowhere'), 'pg', NAME)).toMatchObject({ status: 3 });
    expect(own('get-wal', '-P', 'pg', NEXT).stdout.toString()).toBe('part');
    expect(own('get-wal', '-o', home.dir, 'pg', NAME)).toMatchObject({ status: 0 });
    expect(fs.readFileSync(join(home.dir, NAME)).equals(content)).toBe(true);
    expect(own('get-wal', '--peek', '9', 'pg', NAME).stdout.toString()).toBe(`${NAME}\n`);

    fs.writeFileSync(at('incoming', NEXT), Buffer.concat([Buffer.from('85010c03', 'hex'), content]));
    for (const flags of [[], ['--keep-compression'], ['-z'], ['-o', home.dir]]) {
      const { status, stdout, stderr } = own('get-wal', ...flags, 'pg', NEXT);
      expect(stdout.length).toBe(0);
      expect(stderr.toString()).toMatch(
        /^ERROR: \S+ is encrypted with gpg, which cellarman cannot undo: .*\n$/,
      );
      expect(status).toBe(1);
    }
    expect(fs.existsSync(join(home.dir, NEXT))).toBe(false);
    fs.rmSync(at('incoming', NEXT));

    const missing = own('get-wal', 'pg', NEXT);
    expect([missing.status, missing.stderr.toString()]).toEqual([
      1,
      `ERROR: WAL file '${NEXT}' not found in server 'pg'\n`,
    ]);
    expect(own('get-wal', 'pg', 'nonsense').status).toBe(3);
    expect(own('get-wal', 'nobody', NAME).status).toBe(1);
  });
});
