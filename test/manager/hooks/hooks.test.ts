import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Configuration } from '../../../src/manager/config/configuration.ts';
import { loadConfiguration } from '../../../src/manager/config/load.ts';
import { recoveryEnvironment, walEnvironment } from '../../../src/manager/hooks/environment.ts';
import { Hooks, type RetryPace } from '../../../src/manager/hooks/hooks.ts';
import { barman, requireBarman } from '../../support/barman.ts';
import { type BarmanHome, barmanHome } from '../../support/barman-home.ts';
import { runInProcess } from '../../support/in-process.ts';
import { segmentBytes } from '../../support/wal-segment.ts';

const QUICK: RetryPace = { attempts: 2, pause: 1, rest: 5 };

let dir: string;
let home: BarmanHome | undefined;
let notes: string[];
beforeEach(() => {
  dir = fs.mkdtempSync(join(tmpdir(), 'cellarman-hooks-'));
  notes = [];
});
afterEach(() => {
  fs.rmSync(dir, { recursive: true });
  home?.dispose();
  home = undefined;
});

function configured(lines: string): Configuration {
  home?.dispose();
  home = barmanHome({ servers: { pg: lines } });
  return loadConfiguration({ explicit: home.config, env: {} });
}

function hooks(lines: string, pace = QUICK): Hooks {
  const { servers, mainFile } = configured(lines);
  const server = servers.get('pg');
  if (server === undefined) throw new Error('no server');
  const note = (text: string): number => notes.push(text);
  return new Hooks(server, { mainFile, log: { debug: note, info: note, warning: note, error: note } }, pace);
}

const said = (): string[] => fs.readFileSync(join(dir, 'said'), 'utf8').trimEnd().split('\n');
const ENV = walEnvironment(
  { name: '000000010000000000000001', size: 12, time: 1.5, compression: null },
  '/tmp/a$(touch b);"\'',
);

describe('hooks', () => {
  it('run in order, each told what it is', async () => {
    const line = `echo $BARMAN_PHASE $BARMAN_HOOK $BARMAN_RETRY "$BARMAN_ERROR" >> ${dir}/said`;
    const all = ['pre', 'post']
      .flatMap((phase) => [`${phase}_backup_script`, `${phase}_backup_retry_script`])
      .map((key) => `${key} = ${line}\n`);
    const both = hooks(all.join(''));
    expect([both.has('backup'), both.has('delete')]).toEqual([true, false]);
    await both.before('backup', {});
    await both.after('backup', {}, new Error('it broke'));
    expect(said()).toEqual([
      'pre backup_script 0 ',
      'pre backup_retry_script 1 ',
      'post backup_retry_script 1 it broke',
      'post backup_script 0 it broke',
    ]);
    expect(notes).toHaveLength(4);
  });

  it('give names to scripts as text, never to the shell', async () => {
    await hooks(`pre_archive_script = printf %s "$BARMAN_FILE" > ${dir}/said\n`).before('archive', ENV);
    expect(said()).toEqual(['/tmp/a$(touch b);"\'']);
    expect(fs.readdirSync(dir)).toEqual(['said']);
  });

  it('go on when a plain one fails, and log what it said', async () => {
    await hooks('pre_archive_script = echo out; echo no >&2; exit 63\n').before('archive', ENV);
    expect(notes).toEqual(['pre_archive_script ended with status 63\nout\nno']);
    await hooks('pre_archive_script = kill -9 $$\n').before('archive', ENV);
    expect(notes.at(-1)).toBe('pre_archive_script ended with no status');
  });

  it('repeat a retry script until it is content', async () => {
    const line = `echo x >> ${dir}/said; test $(wc -l < ${dir}/said) -ge 6`;
    await hooks(`pre_delete_retry_script = ${line}\n`).before('delete', {});
    expect(said()).toHaveLength(6);
    await hooks('pre_delete_retry_script = exit 62\n').before('delete', {});
    expect(notes.at(-1)).toBe('pre_delete_retry_script ended with status 62');
  });

  it('stop what was about to be done, and nothing that was done', async () => {
    const both = hooks('pre_delete_retry_script = exit 63\npost_delete_retry_script = exit 63\n');
    await expect(both.before('delete', {})).rejects.toMatchObject({ code: 'HOOK_STOPPED' });
    await both.after('delete', {});
    expect(notes.at(-1)).toMatch(/^post_delete_retry_script asked to stop .* is done already$/);
  });

  it.each(['sleep 1000', 'exit 1'])('end with the run that waits for them (%s)', async (line) => {
    const controller = new AbortController();
    const waiting = hooks(`pre_backup_retry_script = ${line}\n`, { attempts: 1, pause: 0, rest: 1_000_000 });
    const outcome = waiting.before('backup', {}, controller.signal);
    setTimeout(() => controller.abort(), 50);
    await expect(outcome).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('tell restores what Barman tells them', () => {
    const recovery = {
      destination: '/d',
      tablespaces: { t: '/t' },
      remoteCommand: null,
      options: { exclusive: true },
    };
    expect(recoveryEnvironment({}, recovery)).toEqual({
      BARMAN_DESTINATION_DIRECTORY: '/d',
      BARMAN_TABLESPACES: '{"t":"/t"}',
      BARMAN_REMOTE_COMMAND: '',
      BARMAN_RECOVER_OPTIONS: '{"exclusive":true}',
    });
  });
});

const SIZE = 1024 * 1024;
const named = (number: number): string => `00000001000000000000000${number}`;

describe('hooks of archive-wal', () => {
  const incoming = (): string => join(home?.home ?? '', 'pg', 'incoming');
  const arrive = (...numbers: readonly number[]): void => {
    fs.mkdirSync(incoming(), { recursive: true });
    for (const number of numbers) {
      fs.writeFileSync(join(incoming(), named(number)), segmentBytes(named(number), SIZE));
      fs.utimesSync(join(incoming(), named(number)), 1_700_000_000.25, 1_700_000_000.25);
    }
  };
  const log = (): string => fs.readFileSync(join(home?.dir ?? '', 'log'), 'utf8');

  it.skipIf(!requireBarman())('get the environment that Barman gives them', async () => {
    const keys = ['pre', 'post'].flatMap((phase) => [
      `${phase}_archive_script`,
      `${phase}_archive_retry_script`,
    ]);
    const lines = `compression = gzip\n${keys.map((key) => `${key} = env | grep ^BARMAN_ | sort >> ${dir}/said\n`).join('')}`;
    const collect = async (run: () => unknown): Promise<string> => {
      configured(lines);
      for (const name of ['wals', 'streaming', 'errors', 'base'])
        fs.mkdirSync(join(home?.home ?? '', 'pg', name), { recursive: true });
      arrive(1, 2);
      await run();
      const text = fs.readFileSync(join(dir, 'said'), 'utf8');
      fs.rmSync(join(dir, 'said'));
      return text
        .replaceAll(home?.dir ?? '', '')
        .replaceAll(/^BARMAN_VERSION=.*\n/gm, '')
        .replaceAll(/SIZE=\d{1,5}$/gm, 'SIZE=compressed');
    };
    const theirs = await collect(() => barman(home?.config ?? '', 'archive-wal', 'pg'));
    const ours = await collect(() => runInProcess('-c', home?.config ?? '', 'archive-wal', 'pg'));
    expect(ours.split('\n')).toHaveLength(8 * 11 + 1);
    expect(ours.split('BARMAN_COMPRESSION').sort()).toEqual(theirs.split('BARMAN_COMPRESSION').sort());
  });

  it('leave what a script stops, and all behind it', async () => {
    configured(`pre_archive_retry_script = case $BARMAN_SEGMENT in *2) exit 63; esac\n`);
    arrive(1, 2, 3);
    const { status, stdout, stderr } = await runInProcess('-c', home?.config ?? '', 'archive-wal', 'pg');
    expect([status, stdout]).toEqual([
      0,
      `Processing xlog segments from file archival for pg\n\t${named(1)}\n`,
    ]);
    expect(stderr).toBe(
      `WARNING: Archiving of pg/${named(2)} stopped: pre_archive_retry_script asked to stop (exit status 63)\n`,
    );
    expect(fs.readdirSync(incoming())).toEqual([named(2), named(3)]);
    expect(log()).toMatch(
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \[\d+\] cellarman\.archive-wal WARNING: pre_archive_retry_script ended with status 63$/m,
    );
  });

  it('tell what became of a file that was not archived', async () => {
    configured(`post_archive_script = echo "$BARMAN_FILE $BARMAN_ERROR" >> ${dir}/said\n`);
    arrive(1);
    fs.truncateSync(join(incoming(), named(1)), 100);
    // One that is just being written is left to a later run.
    fs.utimesSync(join(incoming(), named(1)), 1_700_000_000, 1_700_000_000);
    expect((await runInProcess('-c', home?.config ?? '', 'archive-wal', 'pg')).status).toBe(1);
    expect(said()[0]).toMatch(/incoming\/0{7}10{15}1 .* has 100 of 1048576 bytes/);
  });
});
