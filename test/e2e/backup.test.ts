import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BackupSite, startBackupSite } from '../support/backup-site.ts';
import { type Major, postgresAvailable, type TestPostgres } from '../support/postgres.ts';
import { requireProgram } from '../support/programs.ts';
import { giveTo, startRestored, stopRestored } from '../support/restored.ts';
import { type Sshd, startSshd } from '../support/sshd.ts';

/** Writes rows one transaction after the other until it is stopped; how many were committed. */
function writeOn(server: TestPostgres): { readonly committed: () => number; stop(): Promise<number> } {
  let rows = 0;
  let running = true;
  const client = new pg.Client({ host: server.host, port: server.port, user: 'postgres' });
  const done = (async () => {
    await client.connect();
    while (running) {
      await client.query("insert into written select $1, repeat('x', 500)", [rows + 1]);
      rows++;
      // Other files than the table's own change, come and go, too.
      if (rows % 50 === 0) await client.query(`create table t${rows} (a int); drop table t${rows}`);
    }
    await client.end();
  })();
  return {
    committed: () => rows,
    stop: async () => {
      running = false;
      await done;
      return rows;
    },
  };
}

const idsOf = (site: BackupSite): string[] => readdirSync(join(site.root, 'base')).sort();
const fieldOf = (site: BackupSite, id: string, key: string): string | undefined =>
  readFileSync(join(site.root, 'meta', `${id}-backup.info`), 'utf8')
    .split('\n')
    .find((line) => line.startsWith(`${key}=`))
    ?.slice(key.length + 1);

const BACKED_UP: readonly Major[] = [13, 15, 18];
const OVER_SFTP: readonly Major[] = [13, 18];

describe.skipIf(!postgresAvailable() || !requireProgram('sshd')).each(BACKED_UP)('PostgreSQL %i', (major) => {
  let sshd: Sshd | undefined;
  let site: BackupSite;

  beforeAll(async () => {
    // One of them gives nothing but reading, and no shell.
    const config = major === 18 ? ['ForceCommand internal-sftp -R', 'ChrootDirectory /'] : [];
    if (OVER_SFTP.includes(major)) sshd = await startSshd({ config });
    site = await startBackupSite({
      major,
      sshd,
      checksums: major !== 15,
      lines: 'parallel_jobs = 2',
    });
    const location = join(site.dir, 'elsewhere');
    mkdirSync(location);
    giveTo(site.postgres, location);
    await site.postgres.query(`create tablespace elsewhere location '${location}'`);
    await site.postgres.query(`
      create table written (n int primary key, text text);
      create table still as select n, md5(n::text) from generate_series(1, 20000) n;
      create table moved tablespace elsewhere as select n from generate_series(1, 5000) n;
      create unlogged table forgotten as select n from generate_series(1, 1000) n`);
    await site.postgres.query('vacuum freeze');
    await site.postgres.query('checkpoint');
  });

  afterAll(async () => {
    await site?.stop();
    await sshd?.stop();
  });

  it('is backed up while it works, twice with one set of files, and starts from both', async () => {
    const load = writeOn(site.postgres);
    const first = await site.run('backup', 'pg', '--name', 'first');
    expect(first.stderr).toBe('');
    expect(first.status).toBe(0);
    const before = load.committed();
    // What was modified in the last seconds before a backup is read again by the next one.
    const second = await site.run('backup', 'pg');
    const between = load.committed();
    expect(second.stderr).toBe('');
    expect(second.status).toBe(0);
    const total = await load.stop();
    await site.postgres.query('select pg_switch_wal()');
    const [one = '', two = ''] = idsOf(site);

    // Unchanged files are one file, changed ones are not, and the file that is read last never is.
    const [{ path: still } = { path: '' }] = await site.postgres.query<{ path: string }>(
      "select pg_relation_filepath('still') as path",
    );
    const inode = (id: string, path: string): number => statSync(join(site.root, 'base', id, path)).ino;
    expect(inode(one, `data/${still}`)).toBe(inode(two, `data/${still}`));
    expect(inode(one, 'data/global/pg_control')).not.toBe(inode(two, 'data/global/pg_control'));
    expect(statSync(join(site.root, 'base', two, 'data/global/pg_control')).nlink).toBe(1);
    const tablespace = readdirSync(join(site.root, 'base', two)).find((name) => /^\d+$/.test(name));
    expect(tablespace).toBeDefined();
    expect(existsSync(join(site.root, 'base', two, 'data/pg_tblspc', String(tablespace)))).toBe(false);

    // What the catalogue says.
    expect(fieldOf(site, one, 'backup_name')).toBe('first');
    expect(fieldOf(site, two, 'status')).toBe('DONE');
    expect(fieldOf(site, two, 'mode')).toBe('rsync-concurrent');
    expect(Number(fieldOf(site, two, 'deduplicated_size'))).toBeLessThan(Number(fieldOf(site, two, 'size')));
    const label = readFileSync(join(site.root, 'base', two, 'data/backup_label'), 'utf8');
    expect(label).toContain(`START WAL LOCATION: ${fieldOf(site, two, 'begin_xlog')}`);
    expect(fieldOf(site, two, 'backup_label')).toBe(`'${label.replaceAll('\n', '\\n')}'`);

    // What PostgreSQL says.
    expect((await site.run('archive-wal', 'pg')).status).toBe(0);
    const restores = [
      [two, between],
      [one, before],
    ] as const;
    for (const [id, least] of major === 15 ? restores : restores.slice(0, 1)) {
      const target = join(site.dir, `restored-${id}`);
      const restored = await startRestored(site, id, target);
      try {
        const [rows] = await restored.query<{ count: string; max: number }>(
          'select count(*), max(n) from written',
        );
        expect(Number(rows?.count)).toBe(rows?.max);
        expect(rows?.max).toBeGreaterThanOrEqual(least);
        expect(rows?.max).toBeLessThanOrEqual(total);
        const sums = `select (select count(*) from still where md5(n::text) = md5) as still,
                             (select sum(n) from moved) as moved, (select count(*) from forgotten) as forgotten`;
        expect(await restored.query(sums)).toEqual([{ still: '20000', moved: '12502500', forgotten: '0' }]);
      } finally {
        await stopRestored(restored, target);
      }
    }
  });
});
