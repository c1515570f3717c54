import { chownSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type BackupSite, startBackupSite } from '../../support/backup-site.ts';
import type { Outcome } from '../../support/built-cli.ts';
import { postgresAvailable, startPostgres, type TestPostgres } from '../../support/postgres.ts';
import { giveTo } from '../../support/restored.ts';

describe.skipIf(!postgresAvailable())('The places of a restore', () => {
  const major = 17;
  let site: BackupSite;
  let wals: string;
  let restored: TestPostgres | undefined;

  const at = (...parts: string[]): string => join(site.dir, 'targets', ...parts);
  const restore = (to: string, ...args: string[]): Promise<Outcome> =>
    site.run('restore', 'pg', 'latest', to, ...args);
  const moved = (inside: string, outside: string): string[] => [
    ...['--tablespace', `in:side:${inside}`],
    ...['--tablespace', `outside:${outside}`],
  ];
  const files = (path: string): string[] => readdirSync(path, { recursive: true, encoding: 'utf8' }).sort();

  beforeAll(async () => {
    site = await startBackupSite({ major, walSegmentSize: 1 });
    const { postgres } = site;
    const places = {
      'in:side': join(postgres.dataDir, 'with', 'data'),
      outside: join(postgres.directory, 'outside'),
    };
    for (const [name, place] of Object.entries(places)) {
      mkdirSync(place, { recursive: true });
      chownSync(place, postgres.uid, postgres.gid);
      await postgres.query(`create tablespace "${name}" location '${place}'`);
      await postgres.query(
        `create table "of ${name}" tablespace "${name}" as select generate_series(1, 1000) n`,
      );
    }
    expect(await site.run('backup', 'pg', '--wait')).toMatchObject({ status: 0 });
    wals = join(site.root, 'wals');
  });

  afterEach(async () => {
    await restored?.stop();
    restored = undefined;
    rmSync(at(), { recursive: true, force: true });
  });

  afterAll(() => site?.stop());

  it('are not one directory for two tablespaces, nor the data directory for one', async () => {
    for (const [inside, outside] of [
      [at('same'), at('same')],
      [at('ts'), at('data')],
    ] as const) {
      const outcome = await restore(at('data'), '--delta-restore', ...moved(inside, outside));
      expect(outcome).toMatchObject({ status: 1, stderr: expect.stringContaining('of its own') });
    }
    expect(existsSync(at())).toBe(false);
  });

  it('may be in each other where a tablespace lies in the data directory: it stays when that is made equal', async () => {
    const args = moved(at('data', 'with', 'data'), at('ts'));
    for (const more of [[], ['--delta-restore']]) {
      const outcome = await restore(at('data'), ...args, ...more);
      expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
    }
    giveTo(site.postgres, at());
    restored = await startPostgres({ major, dataDir: at('data'), settings: { archive_mode: 'off' } });
    for (const name of ['in:side', 'outside'])
      expect(await restored.query(`select count(*)::int as n from "of ${name}"`)).toEqual([{ n: 1000 }]);
  });

  it('are not where the server removes WAL when it has recovered', async () => {
    const args = ['--target-immediate', ...moved(at('ts'), at('ts2'))];
    for (const staging of [at(), at('data'), at('data', 'pg_wal'), at('ts', 'wal')]) {
      const outcome = await restore(at('data'), ...args, '--staging-wal-directory', staging);
      expect(outcome).toMatchObject({ status: 1, stderr: expect.stringContaining('the server removes it') });
    }
    const outcome = await restore(at('data'), ...args, '--staging-wal-directory', at('data', 'barman_wal'));
    expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
  });

  it('are not in the catalogue, whose files would go', async () => {
    const [id = ''] = readdirSync(join(site.root, 'base'));
    const data = join(site.root, 'base', id, 'data');
    const segments = join(wals, readdirSync(wals).find((name) => /^[0-9A-F]{16}$/.test(name)) ?? '');
    const before = [files(join(site.root, 'base')), files(wals)];
    const args = moved(at('ts'), at('ts2'));
    const expectRefused = async (...all: Parameters<typeof restore>): Promise<void> =>
      expect(await restore(...all)).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('where backups or their WAL are kept'),
      });
    await expectRefused(data, '--delta-restore', ...args);
    await expectRefused(at('data'), ...moved(at('ts'), join(site.root, 'base', 'ts')));
    await expectRefused(at('data'), ...args, '--target-immediate', '--staging-wal-directory', segments);
    await expectRefused(at('data'), ...args, '--target-immediate', '--staging-wal-directory', site.root);
    expect([files(join(site.root, 'base')), files(wals)]).toEqual(before);
    expect(await site.run('verify-backup', 'pg', 'latest')).toMatchObject({ status: 0 });
  });
});
