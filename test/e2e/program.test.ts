import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cellarman, MAIN } from '../support/built-cli.ts';
import { plant } from '../support/tree.ts';

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'cellarman-program-'));
  plant(join(scratch, 's'), { file: 'content', 'bytes\xff': 'x', dir: { entries: { leaf: 'leaf' } } });
  writeFileSync(join(scratch, 'big'), Buffer.alloc(20_000_000, 'x'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const at = (name: string): string => join(scratch, name);

describe('the program', () => {
  it('tells its version', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    for (const option of ['--version', '-V'])
      expect(cellarman([option])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('does not end well where its output cannot be written', async () => {
    const full = openSync('/dev/full', 'w');
    for (const args of [['sync', '-av', at('s/'), at('unwritten')], ['help']]) {
      const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', full, 'pipe'] });
      let stderr = '';
      child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
      expect(await once(child, 'close')).toEqual([11, null]);
      expect(stderr).toBe('cellarman: no space left on the device that holds standard output\n');
    }
    closeSync(full);
  });

  it('gives help on standard output, and on standard error where it was not asked for', () => {
    expect(cellarman(['sync', '--help'])).toMatchObject({ status: 0, stderr: '' });
    expect(cellarman(['sync', '--help']).stdout).toMatch(/--link-dest <dir>[\s\S]*Exit status:/);
    expect(cellarman(['help', 'sync']).stdout).toBe(cellarman(['sync', '--help']).stdout);
    expect(cellarman([])).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('Usage:') });
  });

  it.each([
    [['sync', '--frobnicate', 'a', 'b'], "unknown option '--frobnicate'"],
    [['sync', '-z', 'a', 'b'], "unknown option '-z'"],
    [['sync', 'a'], 'a source and a destination are needed'],
    [['sync', '-v', '--json', 'a', 'b'], '--json cannot be combined'],
    [['sync', '--link-dest=a', '--copy-dest=b', 'a', 'b'], 'cannot be combined'],
    [['sync', '--filter=nonsense', 'a', 'b'], '--filter=nonsense: this is not a filter rule'],
    [['sync', '--bwlimit'], "option '--bwlimit <rate>' argument missing"],
    [['synk'], "unknown command 'synk'"],
  ])('refuses %j with status 1, a sentence and a hint', (args, sentence) => {
    const { status, stdout, stderr } = cellarman(args, { cwd: scratch });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^cellarman: /);
    expect(stderr).toContain(sentence);
    expect(stderr).toMatch(/\ncellarman: see "cellarman (sync )?--help"\n$/);
  });

  it('names a source that does not exist as it was given', () => {
    const { status, stderr } = cellarman(['sync', '-a', '/no-such-source', at('d')]);
    expect(status).toBe(23);
    expect(stderr).toMatch(/^cellarman: the source \/no-such-source does not exist\n/);
  });

  it('shows the stack of an error with --debug only', () => {
    const args = ['sync', '-a', at('nowhere'), at('d')];
    expect(cellarman(args).stderr).not.toContain('    at ');
    expect(cellarman([...args, '--debug']).stderr).toMatch(/code: 'SOURCE_MISSING'/);
  });

  it('prints nothing without an option that asks for it', () => {
    expect(cellarman(['sync', '-a', at('s/'), at('silent')])).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(cellarman(['sync', '-avq', at('s/'), at('quiet')])).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it('tells events and the report as JSON, one object to a line', () => {
    const { status, stdout, stderr } = cellarman(['sync', '-a', '--json', at('s/'), at('json')]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'entry',
        action: 'copy',
        path: 'dir/leaf',
        size: 4,
        changes: ['created'],
      }),
    );
    expect(events).toContainEqual(
      expect.objectContaining({
        path: 'bytes\ufffd',
        pathBytes: Buffer.from('bytes\xff', 'latin1').toString('base64'),
      }),
    );
    expect(events.at(-1)).toMatchObject({
      type: 'report',
      status: 0,
      transferredFiles: 3,
      transferredBytes: 12,
    });
  });

  it('tells the error that ends a run in JSON and in words', () => {
    const { status, stdout, stderr } = cellarman(['sync', '-a', '--json', at('s/'), at('big')]);
    expect(status).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({
      type: 'error',
      status: 3,
      code: 'DESTINATION_NOT_A_DIRECTORY',
    });
    expect(stderr).toMatch(/^cellarman: the destination .* is a file/);
  });

  it('sums up', () => {
    const { stdout } = cellarman(['sync', '-a', '--stats', at('s/'), at('stats')]);
    expect(stdout).toMatch(/^\nNumber of files: \d \(reg: 3, dir: \d\)\n/);
    expect(stdout).toMatch(/\ntotal size is 12 {2}speedup is 1\.00\n$/);
  });
});

describe('a run that is stopped', () => {
  /** Starts a copy that would take long, and waits until it moves. */
  async function startSlowly(
    name: string,
  ): Promise<{ child: ChildProcess; end: Promise<unknown[]>; stderr: () => string }> {
    const args = [MAIN, 'sync', '-a', '--json', '--bwlimit=1m', at('big'), `${at(name)}/`];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const end = once(child, 'exit');
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    for await (const line of createInterface(child.stdout)) {
      const event = JSON.parse(line) as { type: string; bytes?: number };
      if (event.type === 'progress' && (event.bytes ?? 0) > 0) break;
    }
    child.stdout.resume();
    return { child, end, stderr: () => stderr };
  }

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'by %s ends with status 20 and leaves no half file',
    async (signal) => {
      const { child, end, stderr } = await startSlowly(signal);
      child.kill(signal);
      expect(await end).toEqual([20, null]);
      expect(stderr()).toBe('cellarman: interrupted\n');
      expect(readdirSync(at(signal))).toEqual([]);
    },
  );

  it('because nobody reads on ends as of SIGPIPE, and says nothing', async () => {
    const child = spawn(
      process.execPath,
      [MAIN, 'sync', '-av', '--bwlimit=1m', at('s/'), at('big'), at('pipe')],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const [status] = (await once(child, 'exit')) as [number];
    expect(status).toBe(141);
    expect(stderr).toBe('');
  });
});
