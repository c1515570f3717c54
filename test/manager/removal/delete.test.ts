import fs from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { Catalogue } from '../../../src/manager/catalogue/catalogue.ts';
import { backupLockPath, serverLockPath, takeLock } from '../../../src/manager/catalogue/locks.ts';
import { loadConfiguration } from '../../../src/manager/config/load.ts';
import { Hooks } from '../../../src/manager/hooks/hooks.ts';
import { maintain } from '../../../src/manager/maintenance/maintain.ts';
import { mendOthers } from '../../../src/manager/removal/mend-others.ts';
import { removeBackups } from '../../../src/manager/removal/remove-backups.ts';
import { barman, isModernBarman, requireBarman } from '../../support/barman.ts';
import { type BarmanHome, barmanHome } from '../../support/barman-home.ts';
import { startCli } from '../../support/cli-process.ts';
import { type InProcessRun, runInProcess } from '../../support/in-process.ts';
import { filesBelow, fillArchive, indexOf } from './archive-of.ts';

const [FIRST, SECOND, FAILED, KEPT, LAST] = [
  '20261122T164948',
  '20261122T164951',
  '20261122T165027',
  '20261122T165030',
  '20261122T165034',
] as const;

const SILENT = { debug() {}, info() {}, warning() {}, error() {} };

let home: BarmanHome;
let pg: string;
/** What `xlog.db` began with. */
let lines: string[];
afterEach(() => home.dispose());

function start(global = '', catalogue = 'barman-3.4/pg'): void {
  home = barmanHome({ catalogues: { pg: catalogue }, global });
  pg = join(home.home, 'pg');
  lines = fillArchive(pg);
}

const run = (...args: readonly string[]): Promise<InProcessRun> => runInProcess('-c', home.config, ...args);
const ids = async (): Promise<string[]> =>
  (await run('list-backups', '--minimal', 'pg')).stdout.trim().split('\n');
const since = (segment: string): string[] => lines.filter((line) => line.slice(0, 24) >= segment);

/** Every line has its file, and every file its line. */
function expectWholeArchive(): void {
  const files = filesBelow(join(pg, 'wals')).filter((name) => !name.endsWith('xlog.db'));
  expect(files.map((name) => name.split('/').at(-1)).sort()).toEqual(
    indexOf(pg)
      .map((line) => line.split('\t')[0])
      .sort(),
  );
}

describe('delete', () => {
  it('removes a backup, the WAL only it needed, and tells so in the words of Barman', async () => {
    start();
    const { status, stdout, stderr } = await run('delete', 'pg', 'oldest');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout.replace(/start time: .{24}, elapsed time: .*\)/, '')).toBe(
      `Deleting backup ${FIRST} for server pg\nDelete associated WAL segments:\n\t000000010000000000000009\n\t000000010000000000000009.00000028.backup\n\t00000001000000000000000A\nDeleted backup ${FIRST} (\n`,
    );
    expect(await ids()).toEqual([LAST, KEPT, FAILED, SECOND]);
    expect(indexOf(pg)).toEqual(since('00000001000000000000000B'));
    expectWholeArchive();
    expect(fs.existsSync(join(pg, 'base', FIRST))).toBe(false);
  });

  it('writes to other backups only while nobody else does', async () => {
    start();
    const { servers, global } = loadConfiguration({ explicit: home.config, env: {} });
    const server = servers.get('pg');
    if (server === undefined) throw new Error('there is no server');
    const catalogue = new Catalogue(server, global);
    const known = async (id: string) => {
      const found = (await catalogue.read()).backups.find((each) => each.id === id);
      if (found === undefined) throw new Error(`there is no ${id}`);
      return found;
    };
    // Somebody, it may be Barman, looks at the next one and finds it whole.
    await catalogue.update(await known(SECOND), { status: 'WAITING_FOR_WALS', deduplicated_size: 1 });
    const looked = await takeLock(backupLockPath(catalogue.locks, SECOND));
    const removal = run('delete', 'pg', FIRST);
    while (fs.existsSync(join(pg, 'base', FIRST, 'data'))) await sleep(10);
    await sleep(300);
    const before = await known(SECOND);
    expect(before.fields.deduplicated_size).toBe(1);
    await catalogue.update(before, { status: 'DONE' });
    looked.release();
    expect(await removal).toMatchObject({ status: 0, stderr: '' });
    const { fields } = await known(SECOND);
    expect(fields.status).toBe('DONE');
    expect(fields.deduplicated_size).not.toBe(1);

    // The newest one is still being finished by who made it.
    await catalogue.update(await known(LAST), { deduplicated_size: 1 });
    using _maker = await takeLock(serverLockPath(catalogue.locks, 'backup'));
    await mendOthers({ catalogue }, await known(KEPT), [await known(LAST)], false);
    expect((await known(LAST)).fields.deduplicated_size).toBe(1);
    // And who makes an incremental one writes to its parent.
    const child = { ...(await known(LAST)), id: '20261122T170000' };
    child.fields = { ...child.fields, parent_backup_id: KEPT };
    await catalogue.update(await known(KEPT), { children_backup_ids: [child.id] });
    const others = [await known(KEPT)];
    await expect(mendOthers({ catalogue }, child, others, false)).rejects.toMatchObject({ code: 'LOCKED' });
    await mendOthers({ catalogue }, child, others, true);
    expect((await known(KEPT)).fields.children_backup_ids).toBe(null);
  });

  it('leaves all WAL while an older backup needs it, and takes it with the last that does', async () => {
    start();
    expect((await run('delete', 'pg', SECOND)).stdout).not.toContain('WAL');
    expect(indexOf(pg)).toEqual(lines);
    expect((await run('delete', 'pg', FIRST)).status).toBe(0);
    expect(indexOf(pg)).toEqual(since('000000010000000000000013'));
    expectWholeArchive();
  });

  it('shows what would go, and nothing goes', async () => {
    start();
    const before = filesBelow(home.home);
    const planned = await run('delete', '--dry-run', 'pg', 'oldest', SECOND, 'latest', KEPT);
    expect(filesBelow(home.home).filter((name) => !name.endsWith('.lock'))).toEqual(before);
    expect(planned.status).toBe(1);
    expect(planned.stdout.match(/^Would delete backup .*/gm)).toHaveLength(3);
    const would = planned.stdout.match(/^\t.*/gm);
    const done = await run('delete', 'pg', FIRST, SECOND, LAST, KEPT);
    expect(done.stdout.match(/^\t.*/gm)).toEqual(would);
    expect(await ids()).toEqual([KEPT, FAILED]);
  });

  it('refuses what is kept, what the minimum needs, and what is not there', async () => {
    start('minimum_redundancy = 4\n');
    expect(await run('delete', 'pg', KEPT)).toEqual({
      status: 1,
      stdout: '',
      stderr: `WARNING: Skipping delete of backup ${KEPT} for server pg as it has a current keep request. If you really want to delete this backup please remove the keep and try again.\nERROR: Cannot delete backup ${KEPT} of server pg\n`,
    });
    expect((await run('delete', 'pg', 'oldest')).stderr).toContain(
      `WARNING: Skipping delete of backup ${FIRST} for server pg due to minimum redundancy requirements (minimum redundancy = 4, current redundancy = 4)\n`,
    );
    expect((await run('delete', 'pg', 'nix')).stderr).toBe("ERROR: Unknown backup 'nix' for server 'pg'\n");
    expect((await run('delete', 'pg', FAILED)).status).toBe(0);
    expect(await ids()).toHaveLength(4);
  });

  it('keeps the minimum when two removals go on side by side', async () => {
    start('minimum_redundancy = 3\n');
    const { servers, global } = loadConfiguration({ explicit: home.config, env: {} });
    const server = servers.get('pg');
    if (server === undefined) throw new Error('there is no server');
    const hooks = new Hooks(server, { mainFile: home.config, log: SILENT });
    const site = { server, catalogue: new Catalogue(server, global), hooks };
    // Both are allowed to by what they see at first.
    const both = [FIRST, SECOND].map((id) => removeBackups(site, [id]));
    const begun = await Promise.all(both.map((removal) => removal.next()));
    expect(begun.map(({ value }) => value?.type)).toEqual(['begin', 'begin']);
    const ended = both.map(async (removal) => {
      const types: string[] = [];
      for await (const { type } of removal) types.push(type);
      return types.at(-1);
    });
    expect((await Promise.all(ended)).sort()).toEqual(['end', 'refused']);
    expect(await ids()).toHaveLength(4);
  });

  it('leaves to the policy what it needs by now, where another one was lost while cron was at work', async () => {
    start('retention_policy = REDUNDANCY 2\n');
    const { servers, global } = loadConfiguration({ explicit: home.config, env: {} });
    const server = servers.get('pg');
    if (server === undefined) throw new Error('there is no server');
    const hooks = new Hooks(server, { mainFile: home.config, log: SILENT });
    const catalogue = new Catalogue(server, global);
    const due: string[] = [];
    for await (const event of maintain({ server, catalogue, hooks })) {
      if (event.type === 'due') due.push(event.id);
      if (event.type !== 'removal' || event.event.type !== 'end') continue;
      const newest = (await catalogue.read()).backups.find(({ id }) => id === LAST);
      if (newest !== undefined) await catalogue.update(newest, { status: 'FAILED' });
    }
    expect(due).toEqual([FIRST]);
    expect(await ids()).toContain(SECOND);
  });

  it('leaves all WAL while one backup.info cannot be read', async () => {
    start();
    fs.appendFileSync(join(pg, 'base', LAST, 'backup.info'), 'broken\n');
    const { status, stderr } = await run('delete', 'pg', 'oldest');
    expect([status, stderr]).toEqual([
      0,
      `WARNING: No WAL of server pg is deleted, since what these backups need cannot be told: ${LAST}\n`,
    ]);
    expect(indexOf(pg)).toEqual(lines);
  });

  it('removes incremental backups before what they rest on', async () => {
    start('', 'barman-3.17/inc');
    home.dispose();
    home = barmanHome({ catalogues: { inc: 'barman-3.17/inc' } });
    const inc = join(home.home, 'inc');
    const { backups } = JSON.parse(
      JSON.stringify({ backups: (await run('list-backups', '--minimal', 'inc')).stdout.trim().split('\n') }),
    ) as { backups: string[] };
    const info = (id: string): string => fs.readFileSync(join(inc, 'meta', `${id}-backup.info`), 'utf8');
    const child = backups.find((id) => /^parent_backup_id=2/m.test(info(id))) ?? '';
    const parent = /^parent_backup_id=(.*)$/m.exec(info(child))?.[1] ?? '';
    expect((await run('delete', 'inc', child)).status).toBe(0);
    expect(info(parent)).not.toContain(child);
    const { stdout, status } = await run('delete', 'inc', parent);
    expect(status).toBe(0);
    const order = [...stdout.matchAll(/Deleted backup (\S+)/g)].map(([, id]) => id);
    expect(order.at(-1)).toBe(parent);
  });

  it('tells the next backup how much it has to itself now', async () => {
    start();
    const [first, second] = [FIRST, SECOND].map((id) => join(pg, 'base', id, 'data', 'file'));
    fs.writeFileSync(first ?? '', 'x'.repeat(5000));
    fs.linkSync(first ?? '', second ?? '');
    await run('delete', 'pg', FIRST);
    const info = fs.readFileSync(join(pg, 'base', SECOND, 'backup.info'), 'utf8');
    const bytes = filesBelow(join(pg, 'base', SECOND))
      .map((name) => fs.statSync(join(pg, 'base', SECOND, name)).size)
      .reduce((sum, size) => sum + size);
    // Its own backup.info is among them, which has another length now.
    expect(Math.abs(Number(/^deduplicated_size=(\d+)$/m.exec(info)?.[1]) - bytes)).toBeLessThan(200);
    expect(bytes).toBeGreaterThan(5000);
  });

  it('runs scripts, and begins nothing when one of them stops it', async () => {
    start('pre_delete_retry_script = exit 63\n');
    expect((await run('delete', 'pg', 'oldest')).stderr).toBe(
      'ERROR: pre_delete_retry_script asked to stop (exit status 63)\n',
    );
    expect(await ids()).toHaveLength(5);
    expect(filesBelow(pg).filter((name) => name.includes('delete_this'))).toEqual([]);
  });

  it('stops at the WAL file where a script says so, and goes on there', async () => {
    start('pre_wal_delete_retry_script = case $BARMAN_SEGMENT in *0A) exit 63; esac\n');
    expect((await run('delete', 'pg', 'oldest')).status).toBe(1);
    expectWholeArchive();
    expect(indexOf(pg)).toEqual(since('00000001000000000000000A'));
    expect((await run('list-backups', 'pg')).stdout).toContain(`pg ${FIRST} - R - FAILED`);
    fs.writeFileSync(home.config, fs.readFileSync(home.config, 'utf8').replace(/^pre_wal.*$/m, ''));
    expect((await run('delete', 'pg', FIRST)).status).toBe(0);
    expect(indexOf(pg)).toEqual(since('00000001000000000000000B'));
  });
});

describe('delete that is killed', () => {
  const end = async (): Promise<void> => {
    expect(await ids()).not.toContain(undefined);
    expect(indexOf(pg).filter((line) => line.slice(0, 24) >= '00000001000000000000000B')).toEqual(
      since('00000001000000000000000B'),
    );
    if ((await ids()).includes(FIRST)) expect((await run('delete', 'pg', FIRST)).stderr).toBe('');
    expect(await ids()).toEqual([LAST, KEPT, FAILED, SECOND]);
    expect(indexOf(pg)).toEqual(since('00000001000000000000000B'));
    expectWholeArchive();
    expect(filesBelow(pg).filter((name) => name.includes(FIRST))).toEqual([]);
  };

  const kill = (when: string): string => `${when} = kill -9 $PPID\n`;

  it.each(['pre_delete_script', 'pre_wal_delete_script', 'post_wal_delete_script', 'post_delete_script'])(
    'at %s leaves a good catalogue, and the next one finishes it',
    async (script) => {
      start(kill(script));
      await startCli(['-c', home.config, 'delete', 'pg', FIRST]).outcome;
      fs.writeFileSync(home.config, fs.readFileSync(home.config, 'utf8').replace(/^.*kill -9.*$/m, ''));
      await end();
    },
  );

  it('at any moment leaves a good catalogue', async () => {
    start();
    const clean = join(home.dir, 'clean');
    for (let number = 0; number < 3000; number += 1) {
      const directory = join(pg, 'base', FIRST, 'data', String(number % 60));
      fs.mkdirSync(directory, { recursive: true });
      fs.writeFileSync(join(directory, String(number)), '');
    }
    fs.cpSync(pg, clean, { recursive: true });
    let midway = 0;
    for (const delay of [0, 20, 40, 60, 90]) {
      fs.rmSync(pg, { recursive: true });
      fs.cpSync(clean, pg, { recursive: true });
      const { child, outcome } = startCli(['-c', home.config, 'delete', 'pg', FIRST]);
      const info = join(pg, 'base', FIRST, 'backup.info');
      const isWhole = (): boolean => fs.readFileSync(info, 'utf8').includes('status=DONE');
      while (child.exitCode === null && fs.existsSync(info) && isWhole())
        await new Promise((resolve) => setTimeout(resolve, 2));
      await new Promise((resolve) => setTimeout(resolve, delay));
      child.kill('SIGKILL');
      await outcome;
      if ((await ids()).includes(FIRST)) {
        midway += 1;
        expect((await run('list-backups', 'pg')).stdout).not.toMatch(new RegExp(`pg ${FIRST} - R - .*Size`));
      }
      await end();
    }
    expect(midway).toBeGreaterThan(0);
  });
});

describe('keep', () => {
  it('keeps, tells and releases', async () => {
    start();
    expect(await run('keep', 'pg', 'latest', '--status')).toMatchObject({
      stdout: 'Server pg:\n\tKeep: nokeep\n',
    });
    expect(await run('keep', '--target', 'standalone', 'pg', 'latest')).toEqual({
      status: 0,
      stdout: '',
      stderr: '',
    });
    expect((await run('-f', 'json', 'keep', '-s', 'pg', LAST)).stdout).toBe(
      '{"pg": {"keep_status": {"description": "Keep", "message": "standalone"}}}',
    );
    expect((await run('keep', '-r', 'pg', LAST)).status).toBe(0);
    expect((await run('delete', 'pg', LAST)).status).toBe(0);
  });

  it('needs one of its options, and a backup that is done', async () => {
    start();
    expect(await run('keep', 'pg', 'latest')).toMatchObject({ status: 1 });
    expect((await run('keep', '--target', 'some', 'pg', 'latest')).status).toBe(2);
    expect((await run('keep', '--target', 'full', 'pg', FAILED)).stderr).toBe(
      `ERROR: Cannot add keep to backup ${FAILED} because it has status FAILED. Only backups with status DONE can be kept.\n`,
    );
  });
});

describe.skipIf(!requireBarman())('delete and keep beside Barman', () => {
  const facts = (): unknown => ({
    list: barman(home.config, 'list-backups', 'pg').stdout,
    index: indexOf(pg),
    files: filesBelow(pg),
  });

  it.skipIf(isModernBarman()).each([
    [['delete', 'pg', 'oldest']],
    [
      ['delete', 'pg', SECOND],
      ['delete', 'pg', 'oldest'],
    ],
    [
      ['delete', 'pg', 'latest'],
      ['keep', '--release', 'pg', KEPT],
      ['delete', 'pg', KEPT],
    ],
  ])('leaves what Barman leaves (%j)', async (...commands) => {
    start();
    for (const command of commands) barman(home.config, ...command);
    const expected = facts();
    home.dispose();
    start();
    for (const command of commands) await run(...command);
    expect(facts()).toEqual(expected);
  });

  it('takes the WAL that a backup kept on its own does not need', async () => {
    start();
    await run('keep', '--target', 'standalone', 'pg', FIRST);
    expect((await run('delete', 'pg', SECOND)).status).toBe(0);
    const own = lines.filter((line) => line.startsWith('000000010000000000000009'));
    expect(indexOf(pg)).toEqual([...own, ...since('000000010000000000000013')]);
    expectWholeArchive();
  });

  it('works in turns with it, and no line is lost', async () => {
    start();
    expect(barman(home.config, 'delete', 'pg', FIRST).status).toBe(0);
    expect((await run('keep', '--target', 'full', 'pg', LAST)).status).toBe(0);
    expect(barman(home.config, 'delete', 'pg', LAST).stderr).toContain('has a current keep request');
    expect((await run('delete', 'pg', SECOND)).status).toBe(0);
    expect(indexOf(pg)).toEqual(since('000000010000000000000013'));
    expect(barman(home.config, 'list-backups', '--minimal', 'pg').stdout.trim().split('\n')).toEqual(
      await ids(),
    );
    for (const id of await ids()) expect(barman(home.config, 'show-backup', 'pg', id).status).toBe(0);
    expect(barman(home.config, 'rebuild-xlogdb', 'pg').stdout).toContain('backup_labels: 2, wal_file: 3');
  });
});
