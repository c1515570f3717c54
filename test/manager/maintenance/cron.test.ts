import fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { barman, requireBarman } from '../../support/barman.ts';
import { type BarmanHome, barmanHome } from '../../support/barman-home.ts';
import { runCli, startCli } from '../../support/cli-process.ts';
import { runInProcess } from '../../support/in-process.ts';
import { segmentBytes } from '../../support/wal-segment.ts';
import { fillArchive, indexOf } from '../removal/archive-of.ts';

const KEPT = '20261122T165030';
const LAST = '20261122T165034';
const FAILED = '20261122T165027';
const OBSOLETE = ['20261122T164951', '20261122T164948'];
const NEW = '000000010000000000000016';
const SIZE = 1024 * 1024;

let home: BarmanHome;
afterEach(() => home.dispose());

const POLICY = 'retention_policy = REDUNDANCY 1\n';

function start(global = POLICY, servers: Readonly<Record<string, string>> = {}, names = ['pg']): void {
  home = barmanHome({
    catalogues: Object.fromEntries(names.map((name) => [name, 'barman-3.4/pg'])),
    servers,
    global,
  });
  for (const name of names) {
    fillArchive(at(name));
    fs.rmSync(at(name, 'identity.json'));
    fs.mkdirSync(at(name, 'incoming'));
    fs.writeFileSync(at(name, 'incoming', NEW), segmentBytes(NEW, SIZE));
  }
}

const at = (...parts: readonly string[]): string => join(home.home, ...parts);
const cron = (...args: readonly string[]) => runCli(['-c', home.config, 'cron', ...args]);
const ids = async (server = 'pg'): Promise<string[]> =>
  (await runInProcess('-c', home.config, 'list-backups', '--minimal', server)).stdout.trim().split('\n');
const edit = (id: string, change: (text: string) => string): void => {
  const path = at('pg', 'base', id, 'backup.info');
  fs.writeFileSync(path, change(fs.readFileSync(path, 'utf8')));
};

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 25));
}
const archived = (server: string) => () =>
  indexOf(at(server)).some((line) => line.startsWith(NEW)) &&
  fs.readdirSync(at(server, 'incoming')).length === 0;

describe('cron', () => {
  it('applies the policy, archives WAL, and passes by what cannot take part', async () => {
    start(POLICY, {
      idle: 'active = off\n',
      passive: 'primary_ssh_command = ssh other\n',
      wrong: 'backup_method = rsync\n',
    });
    const { status, stdout, stderr } = await cron();
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain("Skipping inactive server 'idle'\n");
    expect(stdout).toContain("Skipping passive server 'passive'");
    expect(stdout).toContain("Skipping temporarily disabled server 'wrong'\n");
    expect(stdout).toContain('Starting WAL archiving for server pg\n');
    for (const id of OBSOLETE)
      expect(stdout).toContain(`Enforcing retention policy: removing backup ${id} for server pg\n`);
    expect(await ids()).toEqual([LAST, KEPT, FAILED]);
    await until(archived('pg'));
    expect(fs.readFileSync(join(home.dir, 'log'), 'utf8')).toMatch(
      / cellarman\.archive-wal INFO: \t0{7}10{14}16$/m,
    );
  });

  it('only shows what it would do', async () => {
    start();
    const { stdout, status } = await cron('--dry-run');
    expect(status).toBe(0);
    expect(stdout).toContain(
      `Backup ${OBSOLETE[1]} of server pg has to go, because there are 3 newer ones, and REDUNDANCY 1 asks for 1\n`,
    );
    expect(stdout.match(/^Would delete backup /gm)).toHaveLength(2);
    expect(await ids()).toHaveLength(5);
    expect(fs.readdirSync(at('pg', 'incoming'))).toEqual([NEW]);
  });

  it('lets a slow server delay no other, nor its own WAL, and leaves it to one run', async () => {
    const gate = 'pre_delete_script = ';
    start(POLICY, {}, ['pg', 'slow']);
    const open = join(home.dir, 'open');
    fs.appendFileSync(home.config, `[slow]\n${gate}while ! test -e ${open}; do sleep 0.05; done\n`);
    const first = startCli(['-c', home.config, 'cron']);
    await until(async () => (await ids('pg')).length === 3);
    await until(archived('pg'));
    await until(archived('slow'));
    const second = await cron();
    expect(second.stdout).toContain(
      'Another cron process is already running on server slow. Skipping to the next server\n',
    );
    expect(second.status).toBe(0);
    expect(await ids('slow')).toHaveLength(5);
    fs.writeFileSync(open, '');
    expect((await first.outcome).status).toBe(0);
    expect(await ids('slow')).toEqual([LAST, KEPT, FAILED]);
  });

  it('can run twice at once', async () => {
    start();
    const runs = await Promise.all([cron(), cron(), cron()]);
    expect(runs.map(({ status, stderr }) => [status, stderr])).toEqual(Array(3).fill([0, '']));
    expect(await ids()).toEqual([LAST, KEPT, FAILED]);
    await until(archived('pg'));
    expect(indexOf(at('pg')).filter((line) => line.startsWith(NEW))).toHaveLength(1);
  });

  it('finishes deletions, wakes what waits, and gives up what nobody makes any more', async () => {
    start('');
    const [second = '', first = ''] = OBSOLETE;
    fs.mkdirSync(at('pg', 'base', first, 'annotations'));
    fs.writeFileSync(at('pg', 'base', first, 'annotations', 'delete_this'), 'delete');
    edit(second, (text) => text.replace('status=DONE', 'status=WAITING_FOR_WALS'));
    edit(LAST, (text) => text.replace('status=DONE', 'status=STARTED'));
    fs.writeFileSync(at('.gone-backup.lock'), '1\n');
    fs.writeFileSync(at('.pg-backup.lock'), '1\n');
    const { stdout, stderr, status } = await cron();
    expect(status).toBe(0);
    expect(stderr).toBe(
      `WARNING: Nobody is making backup ${LAST} of server pg any more: it counts as failed\n`,
    );
    expect(stdout).toContain(`Checked backup ${second} of server pg: DONE\n`);
    expect((await runInProcess('-c', home.config, 'list-backups', 'pg')).stdout).toMatch(
      new RegExp(`^pg ${LAST} - R - FAILED\npg ${KEPT} .*\npg ${FAILED} .*\npg ${second} .*Size: [^S]*\n$`),
    );
    expect(fs.existsSync(at('.gone-backup.lock'))).toBe(false);
    expect(fs.existsSync(at('.pg-backup.lock'))).toBe(true);
  });

  it('tells what went wrong with one server, and does the others', async () => {
    start(POLICY, {}, ['pg', 'stopped']);
    fs.appendFileSync(home.config, '[stopped]\npre_delete_retry_script = exit 63\n');
    const { status, stderr } = await cron();
    expect(status).toBe(1);
    expect(stderr).toBe('ERROR: pre_delete_retry_script asked to stop (exit status 63)\n'.repeat(2));
    expect([(await ids('pg')).length, (await ids('stopped')).length]).toEqual([3, 5]);
  });

  it('speaks JSON', async () => {
    start('');
    const { stdout } = await runCli(['-c', home.config, '-f', 'json', 'cron']);
    expect(JSON.parse(stdout)).toEqual({ _INFO: ['Starting WAL archiving for server pg'] });
  });

  it('is ended by terminate-process', async () => {
    start(`${POLICY}pre_delete_script = sleep 1000\n`);
    const running = startCli(['-c', home.config, 'cron']);
    const run = (...args: string[]) => runInProcess('-c', home.config, ...args);
    const list = async (): Promise<string> => (await run('list-processes', 'pg')).stdout;
    await until(async () => (await list()).includes(' cron\n'));
    expect((await run('terminate-process', 'pg', 'cron')).stdout).toMatch(/^Stopped process cron\(\d+\)\n$/);
    await running.outcome;
    expect((await run('terminate-process', 'pg', 'cron')).stderr).toBe(
      'ERROR: Termination of cron failed: no such process for server pg\n',
    );
    expect((await run('terminate-process', 'pg', 'other')).status).toBe(2);
    expect(await ids()).toHaveLength(5);
  });

  it.skipIf(!requireBarman())('removes what Barman removes, and both go on with what is left', async () => {
    const policies = ['REDUNDANCY 2', 'RECOVERY WINDOW OF 1 DAYS'];
    for (const policy of policies) {
      start(`retention_policy = ${policy}\nminimum_redundancy = 1\n`);
      // Old enough for the window.
      for (const id of [...OBSOLETE, KEPT, LAST])
        edit(id, (text) => text.replaceAll('_time=2026-11-22', `_time=2026-11-${id === LAST ? '21' : '01'}`));
      const copy = join(home.dir, 'copy');
      fs.cpSync(at('pg'), copy, { recursive: true });
      barman(home.config, 'cron');
      await until(archived('pg'));
      const theirs = await ids();
      fs.rmSync(at('pg'), { recursive: true });
      fs.cpSync(copy, at('pg'), { recursive: true });
      await cron();
      await until(archived('pg'));
      expect(await ids()).toEqual(theirs);
      expect(barman(home.config, 'list-backups', '--minimal', 'pg').stdout.trim().split('\n')).toEqual(
        theirs,
      );
      if (policy !== policies.at(-1)) home.dispose();
    }
  });
});
