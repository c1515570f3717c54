import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Outcome } from '../../support/built-cli.ts';
import {
  keysOf,
  type LedgerRow,
  ledgerFault,
  ledgerRows,
  openLedger,
  rowBeforeGap,
} from '../../support/ledger.ts';
import { type Major, postgresAvailable, startPostgres, type TestPostgres } from '../../support/postgres.ts';
import { requireProgram } from '../../support/programs.ts';
import { giveTo } from '../../support/restored.ts';
import { type Sshd, startSshd } from '../../support/sshd.ts';
import { archiveAll, type LedgerSite, startLedgerSite } from './ledger-site.ts';

const PROMOTE = ['--target-action', 'promote'];

/**
 * Every kind of restore of one server, from the same two backups. What was restored is started, and holds exactly the rows
 * that were committed before the target.
 */
export function describeRestores(majors: readonly Major[]): void {
  describe.skipIf(!postgresAvailable() || !requireProgram('sshd')).each(majors)(
    'PostgreSQL %i, restored',
    describeMajor,
  );
}

function describeMajor(major: Major): void {
  let site: LedgerSite;
  let sshd: Sshd;
  /** A row in the later part, behind which nothing was committed for a moment. */
  let index: number;
  let restored: TestPostgres | undefined;
  let targets = 0;

  const target = (): string => join(site.dir, `target${targets++}`);
  const keysUpTo = (end: number): string[] => keysOf(site.rows.slice(0, end + 1));
  const chosen = (): LedgerRow => {
    const row = site.rows[index];
    if (row === undefined) throw new Error('the ledger is too short');
    return row;
  };

  const restore = (destination: string, id: string, ...args: string[]): Promise<Outcome> =>
    site.run('restore', 'pg', id, destination, '--tablespace', `elsewhere:${destination}-ts`, ...args);

  /** Starts what was restored; resolves when recovery has ended. */
  async function run(destination: string, settings: Record<string, string> = {}): Promise<TestPostgres> {
    const server = await serve(destination, { archive_mode: 'off', ...settings });
    for (;;) {
      const [row] = await server.query<{ busy: boolean }>('select pg_is_in_recovery() as busy');
      if (row?.busy === false) return server;
      await sleep(50);
    }
  }

  async function serve(destination: string, settings: Record<string, string>): Promise<TestPostgres> {
    giveTo(site.postgres, destination);
    giveTo(site.postgres, `${destination}-ts`);
    await restored?.stop();
    restored = await startPostgres({ major, dataDir: destination, settings });
    return restored;
  }

  /** The restore of a backup into a directory of its own. */
  async function start(id: string, ...args: string[]): Promise<TestPostgres> {
    const destination = target();
    const outcome = await restore(destination, id, ...args);
    expect(outcome, outcome.stderr + outcome.stdout).toMatchObject({ status: 0 });
    expect(outcome.stdout).toContain(`-D ${destination} start`);
    return await run(destination);
  }

  async function expectRows(server: TestPostgres, keys: readonly string[]): Promise<void> {
    expect(await ledgerFault(server)).toBeNull();
    expect(keysOf(await ledgerRows(server))).toEqual([...keys].sort());
    await expectSound(server);
  }

  /** amcheck is silent about every index, and about every table where it knows how (14). */
  async function expectSound(server: TestPostgres): Promise<void> {
    const [checked] = await server.query<{ indexes: number }>(
      `select count(bt_index_check(indexrelid, true))::int as indexes from pg_index
       join pg_class on pg_class.oid = indexrelid join pg_am on pg_am.oid = relam and amname = 'btree'
       where relpersistence = 'p' and indisready and indisvalid`,
    );
    expect(checked?.indexes).toBeGreaterThan(100);
    if (major < 14) return;
    const sql = `select relname, checked.* from pg_class, verify_heapam(oid) checked where relkind in ('r', 'm', 't')`;
    expect(await server.query(sql)).toEqual([]);
  }

  const iso = (at: number): string =>
    `${new Date(Math.floor(at / 1000)).toISOString().slice(0, -1)}${String(at % 1000).padStart(3, '0')}Z`;

  beforeAll(async () => {
    [sshd, site] = await Promise.all([startSshd(), startLedgerSite(major)]);
    index = rowBeforeGap(site.rows, Math.floor(site.rows.length / 2), site.rows.length - 20);
  });

  afterEach(async () => {
    await restored?.stop();
    restored = undefined;
    for (const name of readdirSync(site.dir))
      if (name.startsWith('target')) rmSync(join(site.dir, name), { recursive: true });
  });

  afterAll(async () => {
    await site?.stop();
    await sshd?.stop();
  });

  it('to the end of the archive, with its tablespace moved', async () => {
    const { dataDir } = await start('latest');
    await expectRows(restored as TestPostgres, keysUpTo(site.rows.length));
    const [link = ''] = readdirSync(join(dataDir, 'pg_tblspc'));
    expect(readlinkSync(join(dataDir, 'pg_tblspc', link))).toBe(`${dataDir}-ts`);
    expect(readdirSync(dataDir)).not.toContain('.cellarman-restore');
  });

  it('to a time, and just before it', async () => {
    const time = ['--target-time', iso(chosen().at)];
    await expectRows(await start('first', ...time, ...PROMOTE), keysUpTo(index));
    const before = keysOf(site.rows.filter(({ at }) => at < chosen().at));
    await expectRows(await start('auto', ...time, '--exclusive', ...PROMOTE), before);
    // WAL beyond the target stays where it is.
    const planned = async (...args: string[]): Promise<number> => {
      const to = target();
      const moved = ['--tablespace', `elsewhere:${to}-ts`];
      const { stdout } = await site.run(
        '-f',
        'json',
        'restore',
        'pg',
        'first',
        to,
        '--dry-run',
        ...moved,
        ...args,
      );
      return (JSON.parse(stdout) as { plan: { segments: number } }).plan.segments;
    };
    expect(await planned(...time)).toBeLessThan(await planned());
  });

  it('to a transaction', async () => {
    await expectRows(await start('first', '--target-xid', chosen().xid, ...PROMOTE), keysUpTo(index));
  });

  it('to a restore point', async () => {
    const { name, keys } = site.restorePoint;
    await expectRows(await start('first', '--target-name', name, ...PROMOTE), keys);
  });

  it('to the end of the backup with no more WAL than that, and with --delta-restore beyond it', async () => {
    const to = target();
    const outcome = await restore(to, 'second', '--target-immediate', ...PROMOTE);
    expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
    expect(readdirSync(join(to, 'barman_wal')).length).toBeLessThan(5);
    const server = await run(to);
    const held = keysOf(await ledgerRows(server));
    await expectRows(server, keysUpTo(held.length - 1));
    const { begin, end } = timesOf(site, 'second');
    expect(held).toEqual(expect.arrayContaining(keysOf(site.rows.filter(({ at }) => at < begin))));
    expect(keysOf(site.rows.filter(({ at }) => at < end))).toEqual(expect.arrayContaining(held));

    await server.query(
      'create table of_another_life as select generate_series(1, 2000) n; delete from ledger',
    );
    await server.shutDown();
    const refused = await restore(to, 'first');
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('is not empty') });
    const delta = await restore(to, 'first', '--delta-restore');
    expect(delta, delta.stderr).toMatchObject({ status: 0 });
    const again = await run(to);
    await expectRows(again, keysUpTo(site.rows.length));
    expect(await again.query("select to_regclass('of_another_life') as it")).toEqual([{ it: null }]);
  });

  it('to another host, over SFTP', async () => {
    const args = ['--target-time', iso(chosen().at), ...PROMOTE];
    const command = `ssh -F ${sshd.sshConfigFile} testhost`;
    await expectRows(await start('first', ...args, '--remote-ssh-command', command), keysUpTo(index));
  });

  it('as a standby, which follows its primary', async () => {
    const to = target();
    const outcome = await restore(to, 'first', '--standby-mode');
    expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
    const standby = await serve(to, { primary_conninfo: site.postgres.conninfo, archive_mode: 'off' });
    await site.postgres.query('create table written_since ()');
    for (;;) {
      const [row] = await standby.query<{ seen: boolean }>(
        "select to_regclass('written_since') is not null as seen",
      );
      if (row?.seen === true) break;
      await sleep(50);
    }
    await expectRows(standby, keysUpTo(site.rows.length));
    expect(await standby.query('select pg_is_in_recovery() as yes')).toEqual([{ yes: true }]);
  });

  it('to a position, and from there along the timeline of a promoted server', async () => {
    const { lsn, keys } = site.position;
    const to = target();
    const outcome = await restore(to, 'auto', '--target-lsn', lsn, ...PROMOTE);
    expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
    const archiving = { archive_mode: 'on', archive_command: `cp %p ${join(site.root, 'incoming')}/%f` };
    const promoted = await run(to, archiving);
    await expectRows(promoted, keys);
    const ledger = await openLedger(promoted);
    await sleep(500);
    await ledger.stop();
    await archiveAll(promoted);
    const branch = await ledger.rows();
    expect(branch.length).toBeGreaterThan(keys.length + 20);

    await expectRows(await start('first', '--target-tli', 'latest', ...PROMOTE), keysOf(branch));
    const end = rowBeforeGap(branch, keys.length + 1, branch.length - 1);
    const time = ['--target-time', iso(branch[end]?.at ?? 0), '--target-tli', '2'];
    await expectRows(await start('second', ...time, ...PROMOTE), keysOf(branch.slice(0, end + 1)));
    // The server that was left behind has a past of its own.
    await expectRows(await start('second'), keysUpTo(site.rows.length));
  });
}

/** Microseconds since the epoch. */
function timesOf({ root }: LedgerSite, name: string): { begin: number; end: number } {
  for (const file of readdirSync(join(root, 'meta'))) {
    const text = file.endsWith('-backup.info') ? readFileSync(join(root, 'meta', file), 'utf8') : '';
    const value = (key: string): string => new RegExp(`^${key}=(.*)$`, 'm').exec(text)?.[1] ?? '';
    if (value('backup_name') === name)
      return { begin: Date.parse(value('begin_time')) * 1000, end: Date.parse(value('end_time')) * 1000 };
  }
  throw new Error(`there is no backup ${name}`);
}
