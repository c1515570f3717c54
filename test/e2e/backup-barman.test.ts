import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BackupSite, startBackupSite } from '../support/backup-site.ts';
import { requireBarman } from '../support/barman.ts';
import { postgresAvailable, startPostgres } from '../support/postgres.ts';
import { postgresTool, requirePostgresTool } from '../support/postgres-tools.ts';
import { requireProgram } from '../support/programs.ts';
import { giveTo } from '../support/restored.ts';
import { type Sshd, startSshd } from '../support/sshd.ts';

let sshd: Sshd;
let site: BackupSite;

const ids = (): string[] => readdirSync(join(site.root, 'base')).sort();
const newest = (): string => ids().at(-1) ?? '';

/** Barman up to 3.13.1 has it in the backup. */
function info(id: string): string {
  const inMeta = join(site.root, 'meta', `${id}-backup.info`);
  return readFileSync(existsSync(inMeta) ? inMeta : join(site.root, 'base', id, 'backup.info'), 'utf8');
}

const usable = postgresAvailable() && requireBarman() && requireProgram('sshd', 'rsync');

describe.skipIf(!usable)('one catalogue of two programs, configured as tutorials have it', () => {
  beforeAll(async () => {
    sshd = await startSshd();
    site = await startBackupSite({
      sharedWithBarman: true,
      major: 15,
      sshd,
      lines: `compression = gzip
retention_policy_mode = auto
retention_policy = RECOVERY WINDOW OF 7 days
wal_retention_policy = main`,
    });
    await site.postgres.query('create table kept as select n, md5(n::text) from generate_series(1, 20000) n');
    await site.postgres.query('vacuum freeze');
    await site.postgres.query('checkpoint');
    await site.postgres.query('select pg_switch_wal()');
    site.barman('cron');
    while (site.barman('check', 'pg').status !== 0) await sleep(500);
  });

  afterAll(async () => {
    await site?.stop();
    await sshd?.stop();
  });

  it('holds backups of both, each linked to the other one before it', async () => {
    const barmans = site.barman('backup', '--wait', 'pg');
    expect(barmans.status).toBe(0);
    await sleep(3000);
    const ours = await site.run('backup', 'pg', '--name', 'ours', '--manifest');
    expect(ours.stderr).toBe('');
    expect(ours.status).toBe(0);
    await sleep(3000);
    expect(site.barman('backup', '--wait', 'pg').status).toBe(0);
    const [{ path } = { path: '' }] = await site.postgres.query<{ path: string }>(
      "select pg_relation_filepath('kept') as path",
    );
    const inodes = ids().map((id) => statSync(join(site.root, 'base', id, 'data', path)).ino);
    expect(new Set(inodes).size).toBe(1);
    expect(inodes).toHaveLength(3);

    const listed = site.barman('list-backup', 'pg');
    expect(listed.stdout.trimEnd().split('\n')).toHaveLength(3);
    expect(listed.stdout).not.toMatch(/FAILED|WAITING/);
    const [, id = ''] = ids();
    const shown = site.barman('show-backup', 'pg', id);
    expect(shown.status).toBe(0);
    expect(shown.stdout).toContain('Status                 : DONE');
    expect(shown.stdout).toMatch(/Backup Size|Disk usage/);
    expect(site.barman('check-backup', 'pg', id).status).toBe(0);
    expect(info(id)).toContain('status=DONE');
    expect(site.barman('show-backup', 'pg', 'ours').status).toBe(0);
    if (requirePostgresTool('pg_verifybackup', 15)) {
      const data = join(site.root, 'base', id, 'data');
      execFileSync(postgresTool('pg_verifybackup', 15) ?? '', ['-n', data], { stdio: 'pipe' });
    }
  });

  it('shows Barman a backup that is being made', async () => {
    const run = site.start('backup', 'pg', '--reuse-backup', 'off', '--bwlimit', '5000');
    while (!run.said().stdout.includes('Starting backup copy')) await sleep(20);
    expect(site.barman('list-backup', 'pg').stdout).toContain('STARTED');
    const busy = site.barman('backup', 'pg');
    expect(busy.status).toBe(1);
    expect(busy.stderr).toContain('Another backup process is running');
    expect((await run.outcome).status).toBe(0);
  });

  it("is restored by Barman's own recover, and PostgreSQL starts from it", async () => {
    const target = join(site.dir, 'recovered');
    mkdirSync(target);
    const recovered = site.barman('recover', 'pg', newest(), target);
    expect(recovered.stderr).not.toContain('ERROR');
    expect(recovered.status).toBe(0);
    giveTo(site.postgres, target);
    chmodSync(target, 0o700);
    const server = await startPostgres({ major: 15, dataDir: target, settings: { archive_mode: 'off' } });
    try {
      expect(await server.query('select count(*) from kept where md5(n::text) = md5')).toEqual([
        { count: '20000' },
      ]);
    } finally {
      await server.stop();
    }
  });

  it('lets Barman delete what this program made', async () => {
    const id = newest();
    const deleted = site.barman('delete', 'pg', id);
    expect(deleted.stderr).toBe('');
    expect(deleted.status).toBe(0);
    expect(ids()).not.toContain(id);
    const listed = await site.run('list-backups', 'pg');
    expect(listed.stdout.trimEnd().split('\n')).toHaveLength(3);
  });
});
