import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type BackupSite, startBackupSite } from '../support/backup-site.ts';
import { requireBarman } from '../support/barman.ts';
import { MAIN } from '../support/built-cli.ts';
import { keysOf, type Ledger, ledgerFault, ledgerRows, openLedger } from '../support/ledger.ts';
import { postgresAvailable, startPostgres, type TestPostgres } from '../support/postgres.ts';
import { requireProgram } from '../support/programs.ts';
import { giveTo } from '../support/restored.ts';

const programs = postgresAvailable() && requireBarman() && requireProgram('rsync');

describe.skipIf(!programs)('Beside Barman', () => {
  const major = 15;
  const path = process.env['PATH'];
  let site: BackupSite;
  let ledger: Ledger;
  let all: string[];
  let atPoint: string[];
  let restored: TestPostgres | undefined;
  let targets = 0;

  const target = (): string => join(site.dir, `target${targets++}`);
  const idsOf = (): string[] => readdirSync(join(site.root, 'base')).sort();

  async function run(destination: string, settings: Record<string, string> = {}): Promise<TestPostgres> {
    giveTo(site.postgres, destination);
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

  const expectRows = async (server: TestPostgres, keys: readonly string[]): Promise<void> => {
    expect(await ledgerFault(server)).toBeNull();
    expect(keysOf(await ledgerRows(server))).toEqual([...keys].sort());
  };

  beforeAll(async () => {
    site = await startBackupSite({
      sharedWithBarman: true,
      major,
      walSegmentSize: 1,
      settings: { track_commit_timestamp: 'on' },
    });
    // For the restored servers, which look for the program in the PATH.
    const bin = join(site.dir, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'cellarman'), `#!/bin/sh\nexec ${process.execPath} ${MAIN} "$@"\n`);
    chmodSync(join(bin, 'cellarman'), 0o755);
    process.env['PATH'] = `${bin}:${path}`;
    ledger = await openLedger(site.postgres);
    await site.postgres.query('select pg_switch_wal()');
    // Barman takes no backup before it has seen WAL arrive.
    site.barman('cron');
    while (site.barman('check', 'pg').status !== 0) await sleep(500);
    const theirs = site.barman('backup', '--wait', 'pg');
    expect(theirs, theirs.stderr).toMatchObject({ status: 0 });
    const ours = await site.run('backup', 'pg');
    expect(ours, ours.stderr).toMatchObject({ status: 0 });
    await sleep(200);
    await ledger.pause();
    await site.postgres.query("select pg_create_restore_point('here')");
    atPoint = keysOf(await ledger.rows());
    ledger.resume();
    await sleep(300);
    await ledger.stop();
    all = keysOf(await ledger.rows());
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
    process.env['PATH'] = path;
    await site?.stop();
  });

  it('a backup it took is restored', async () => {
    const [theirs = ''] = idsOf();
    const to = target();
    const outcome = await site.run(
      'recover',
      'pg',
      theirs,
      to,
      '--target-name',
      'here',
      '--target-action',
      'promote',
    );
    expect(outcome, outcome.stderr).toMatchObject({ status: 0, stderr: '' });
    await expectRows(await run(to), atPoint);
  });

  it('a backup of ours is restored by it', async () => {
    const [, ours = ''] = idsOf();
    const to = target();
    const outcome = site.barman('recover', 'pg', ours, to);
    expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
    await expectRows(await run(to), all);
  });

  it('the restored server fetches WAL from the archive', async () => {
    const to = target();
    const outcome = await site.run(
      'restore',
      'pg',
      'latest',
      to,
      '--get-wal',
      '--target-name',
      'here',
      '--target-action',
      'promote',
    );
    expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
    expect(readFileSync(join(to, 'postgresql.auto.conf'), 'utf8')).toContain(
      `restore_command = 'cellarman wal-restore -P ${site.root} %f %p'`,
    );
    expect(outcome.stdout).toMatch(/fetches WAL itself while it recovers, up to restore point 'here'/);
    expect(readdirSync(to)).not.toContain('barman_wal');
    await expectRows(await run(to), atPoint);
  });

  it('makes the configuration safe once, however often it is restored', async () => {
    const [, ours = ''] = idsOf();
    const source = join(site.root, 'base', ours, 'data');
    const to = target();
    for (const option of [[], ['--delta-restore']]) {
      const outcome = await site.run('restore', 'pg', ours, to, '--target-immediate', ...option);
      expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
      expect(outcome.stdout).toMatch(/postgresql\.conf line \d+: archive_command = false$/m);
      expect(outcome.stdout).toMatch(/\(start time: \d{4}-\d\d-\d\d [\d:.]+[+-]\d\d:\d\d, elapsed time: /);
    }
    const conf = readFileSync(join(to, 'postgresql.conf'), 'utf8');
    expect(conf).toContain('\narchive_command = false\n');
    expect(conf).toContain('#BARMAN#archive_command');
    expect(readFileSync(join(to, 'postgresql.conf.origin'))).toEqual(
      readFileSync(join(source, 'postgresql.conf')),
    );
    const auto = readFileSync(join(to, 'postgresql.auto.conf'), 'utf8');
    expect(auto.match(/recovery_target = 'immediate'/g)).toHaveLength(1);
  });

  it('goes along the timeline that is asked for', async () => {
    const incoming = join(site.root, 'incoming');
    const to = target();
    const outcome = await site.run(
      'restore',
      'pg',
      'latest',
      to,
      '--target-name',
      'here',
      '--target-action',
      'promote',
    );
    expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
    const promoted = await run(to, { archive_mode: 'on', archive_command: `cp %p ${incoming}/%f` });
    const second = await openLedger(promoted);
    await sleep(300);
    await second.stop();
    const keys = keysOf(await second.rows());
    const onSecond =
      (await promoted.query<{ n: number }>('select count(*)::int as n from ledger'))[0]?.n ?? 0;
    expect(onSecond).toBeGreaterThan(atPoint.length);
    await promoted.query('select pg_switch_wal()');
    await sleep(500);
    await promoted.stop();
    restored = undefined;

    const latest = target();
    const along = await site.run('restore', 'pg', 'latest', latest, '--target-tli', 'latest');
    expect(along, along.stderr).toMatchObject({ status: 0 });
    const server = await run(latest);
    await expectRows(server, keys);
    await server.stop();
    restored = undefined;

    const own = target();
    const back = await site.run('restore', 'pg', 'latest', own);
    expect(back).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('the server went on to timeline 2'),
    });
    await expectRows(await run(own), all);
  });
});
