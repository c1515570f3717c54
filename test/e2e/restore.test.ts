import { mkdirSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type BackupSite, startBackupSite } from '../support/backup-site.ts';
import {
  keysOf,
  type Ledger,
  type LedgerRow,
  ledgerFault,
  ledgerRows,
  openLedger,
  rowBeforeGap,
} from '../support/ledger.ts';
import { type Major, postgresAvailable, startPostgres, type TestPostgres } from '../support/postgres.ts';
import { requireProgram } from '../support/programs.ts';
import { giveTo } from '../support/restored.ts';
import { type Sshd, startSshd } from '../support/sshd.ts';

const FULL: readonly Major[] = [13, 18];

describe.skipIf(!postgresAvailable() || !requireProgram('sshd')).each(FULL)(
  'PostgreSQL %i, restored',
  (major) => {
    let site: BackupSite;
    let sshd: Sshd;
    let ledger: Ledger;
    /** All that was ever committed, by time. */
    let rows: LedgerRow[];
    let afterPoint: string[];
    let atLsn: { lsn: string; keys: string[] };
    let restored: TestPostgres | undefined;
    let targets = 0;

    const target = (): string => {
      const path = join(site.dir, `target${targets++}`);
      return path;
    };

    const restore = (destination: string, ...args: string[]) =>
      site.run('restore', 'pg', ...args, destination, '--tablespace', `elsewhere:${destination}-ts`);

    /** Restores, and starts what was restored; resolves when recovery has ended. */
    async function start(destination: string, ...args: string[]): Promise<TestPostgres> {
      const outcome = await restore(destination, ...args);
      expect(outcome, outcome.stderr + outcome.stdout).toMatchObject({ status: 0 });
      expect(outcome.stdout).toContain(`-D ${destination} start`);
      return await run(destination);
    }

    async function run(destination: string, settings: Record<string, string> = {}): Promise<TestPostgres> {
      giveTo(site.postgres, destination);
      giveTo(site.postgres, `${destination}-ts`);
      restored = await startPostgres({
        major,
        dataDir: destination,
        settings: { archive_mode: 'off', ...settings },
      });
      const server = restored;
      for (;;) {
        const [row] = await server.query<{ busy: boolean }>('select pg_is_in_recovery() as busy');
        if (row?.busy === false) return server;
        await sleep(50);
      }
    }

    const amcheck = async (server: TestPostgres): Promise<void> => {
      await server.query(
        "create extension if not exists amcheck; select bt_index_check('ledger_pkey', true)",
      );
    };

    const expectRows = async (server: TestPostgres, keys: readonly string[]): Promise<void> => {
      expect(await ledgerFault(server)).toBeNull();
      expect(keysOf(await ledgerRows(server))).toEqual([...keys].sort());
    };

    const iso = (at: number): string =>
      `${new Date(Math.floor(at / 1000)).toISOString().slice(0, -1)}${String(at % 1000).padStart(3, '0')}Z`;

    beforeAll(async () => {
      sshd = await startSshd();
      site = await startBackupSite({
        major,
        walSegmentSize: 1,
        settings: { track_commit_timestamp: 'on' },
        lines: 'parallel_jobs = 2\ncompression = gzip',
      });
      const location = join(site.dir, 'elsewhere');
      mkdirSync(location);
      giveTo(site.postgres, location);
      await site.postgres.query(`create tablespace elsewhere location '${location}'`);
      await site.postgres.query(
        'create table moved tablespace elsewhere as select n from generate_series(1, 3000) n',
      );
      ledger = await openLedger(site.postgres);
      const first = await site.run('backup', 'pg', '--name', 'first');
      expect(first, first.stderr).toMatchObject({ status: 0 });
      await sleep(300);
      await site.postgres.query('select pg_switch_wal()');
      await sleep(300);
      await ledger.pause();
      await site.postgres.query("select pg_create_restore_point('before the mistake')");
      afterPoint = keysOf(await ledger.rows());
      ledger.resume();
      await sleep(300);
      await ledger.pause();
      const [row] = await site.postgres.query<{ lsn: string }>(
        'select pg_current_wal_insert_lsn()::text as lsn',
      );
      atLsn = { lsn: row?.lsn ?? '', keys: keysOf(await ledger.rows()) };
      ledger.resume();
      await sleep(200);
      await site.postgres.query('select pg_switch_wal()');
      await sleep(300);
      await ledger.stop();
      rows = await ledger.rows();
      await site.postgres.query('select pg_switch_wal()');
      await sleep(500);
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

    it('to the end of the archive', async () => {
      const to = target();
      const server = await start(to, 'latest');
      await expectRows(server, keysOf(rows));
      await amcheck(server);
      expect(await server.query('select count(*)::int as n from moved')).toEqual([{ n: 3000 }]);
      expect(readlinkSync(join(to, 'pg_tblspc', readdirSync(join(to, 'pg_tblspc'))[0] ?? ''))).toBe(
        `${to}-ts`,
      );
      expect(readdirSync(to)).not.toContain('.cellarman-restore');
    });

    it('to a time, and just before it', async () => {
      const index = rowBeforeGap(rows, Math.floor(rows.length / 2), rows.length - 20);
      const at = iso(rows[index]?.at ?? 0);
      const server = await start(target(), 'first', '--target-time', at, '--target-action', 'promote');
      await expectRows(server, keysOf(rows.slice(0, index + 1)));
      await amcheck(server);
      await restored?.stop();
      const other = target();
      const exclusive = await start(
        other,
        'first',
        '--target-time',
        at,
        '--exclusive',
        '--target-action',
        'promote',
      );
      await expectRows(exclusive, keysOf(rows.filter((row) => row.at < (rows[index]?.at ?? 0))));
      // WAL beyond the target stays where it is.
      const planned = async (...args: string[]): Promise<number> => {
        const { stdout } = await site.run(
          '-f',
          'json',
          'restore',
          'pg',
          'first',
          `${other}-dry`,
          '--dry-run',
          '--tablespace',
          `elsewhere:${other}-x`,
          ...args,
        );
        return (JSON.parse(stdout) as { plan: { segments: number } }).plan.segments;
      };
      expect(await planned('--target-time', at)).toBeLessThan(await planned());
    });

    it('to a transaction', async () => {
      const index = rowBeforeGap(rows, Math.floor(rows.length / 2), rows.length - 20);
      const xid = rows[index]?.xid ?? '';
      const server = await start(target(), 'first', '--target-xid', xid, '--target-action', 'promote');
      await expectRows(server, keysOf(rows.slice(0, index + 1)));
    });

    it('to a position', async () => {
      const server = await start(target(), 'auto', '--target-lsn', atLsn.lsn, '--target-action', 'promote');
      await expectRows(server, atLsn.keys);
      await amcheck(server);
    });

    it('to a restore point', async () => {
      const to = target();
      const server = await start(
        to,
        'first',
        '--target-name',
        'before the mistake',
        '--target-action',
        'promote',
      );
      await expectRows(server, afterPoint);
    });

    it('to the end of the backup, with no more WAL than that', async () => {
      const to = target();
      const outcome = await restore(to, 'first', '--target-immediate', '--target-action', 'promote');
      expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
      const { length } = readdirSync(join(to, 'barman_wal'));
      expect(length).toBeLessThan(5);
      const server = await run(to);
      expect(await ledgerFault(server)).toBeNull();
      const keys = keysOf(await ledgerRows(server));
      expect(keys).toEqual(keysOf(rows.slice(0, keys.length)));
    });

    it('to another host, over SFTP', async () => {
      const to = target();
      const index = rowBeforeGap(rows, Math.floor(rows.length / 2), rows.length - 20);
      const at = iso(rows[index]?.at ?? 0);
      const command = `ssh -F ${sshd.sshConfigFile} testhost`;
      const server = await start(
        to,
        'first',
        '--target-time',
        at,
        '--target-action',
        'promote',
        '--remote-ssh-command',
        command,
      );
      await expectRows(server, keysOf(rows.slice(0, index + 1)));
    });

    it('as a standby', async () => {
      const to = target();
      const outcome = await restore(to, 'first', '--standby-mode');
      expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
      giveTo(site.postgres, to);
      giveTo(site.postgres, `${to}-ts`);
      restored = await startPostgres({
        major,
        dataDir: to,
        settings: { primary_conninfo: site.postgres.conninfo, archive_mode: 'off' },
      });
      const before = await site.postgres.query<{ lsn: string }>(
        'select pg_current_wal_flush_lsn()::text as lsn',
      );
      for (;;) {
        const [row] = await restored.query<{ done: boolean }>(
          'select pg_last_wal_replay_lsn() >= $1::pg_lsn as done',
          [before[0]?.lsn],
        );
        if (row?.done === true) break;
        await sleep(50);
      }
      await expectRows(restored, keysOf(rows));
    });

    it('over a data directory that differs', async () => {
      const to = target();
      const server = await start(to, 'first', '--target-immediate', '--target-action', 'promote');
      await server.query(
        'create table of_another_life as select n from generate_series(1, 2000) n; delete from ledger',
      );
      await server.shutDown();
      const refused = await restore(to, 'first');
      expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('is not empty') });
      const delta = await restore(to, 'first', '--delta-restore');
      expect(delta, delta.stderr).toMatchObject({ status: 0 });
      await restored?.stop();
      await expectRows(await run(to), keysOf(rows));
    });
  },
);
