import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startBackupSite } from '../../support/backup-site.ts';
import { postgresAvailable } from '../../support/postgres.ts';
import { postgresTool } from '../../support/postgres-tools.ts';

// 15 is in the other file, and its pg_verifybackup knows the manifests of 13.
describe.skipIf(!postgresAvailable()).each([
  { major: 13, version: 1 },
  { major: 17, version: 2 },
] as const)('a backup of PostgreSQL $major', ({ major, version }) => {
  test('gets its manifest, is verified by it, and a server starts from it', async () => {
    const site = await startBackupSite({ major, walSegmentSize: 1 });
    try {
      await site.postgres.query('create table numbers as select generate_series(1, 1000) n');
      await site.postgres.query('create index on numbers (n)');
      const backup = await site.run('backup', 'pg', '--wait');
      expect(backup.stderr).toBe('');
      const made = await site.run('generate-manifest', 'pg', 'latest');
      expect(made.stderr).toBe('');
      const [id = ''] = readdirSync(join(site.root, 'base'));
      const data = join(site.root, 'base', id, 'data');
      const manifest = readFileSync(join(data, 'backup_manifest'), 'utf8');
      expect(manifest).toMatch(new RegExp(`^\\{ "PostgreSQL-Backup-Manifest-Version": ${version},\n`));
      // Not every machine has the tool of 17; that the form is right to the byte is shown with the server's own manifest.
      const program = postgresTool('pg_verifybackup', Math.max(major, 15));
      if (program !== undefined)
        expect(execFileSync(program, ['-e', '-n', data], { encoding: 'utf8' })).toContain('verified');
      const sql = 'select 1 / (count(*) = 1000)::int from numbers';
      const args = ['latest', '--restore-test', '--pg-bin', site.postgres.binDir, '--sql', sql];
      const { status, stdout, stderr } = await site.run('verify-backup', 'pg', ...args);
      expect(stderr).toBe('');
      expect(status).toBe(0);
      expect(stdout).toMatch(/^ {2}backup_manifest +passed +\d+ files$/m);
      expect(stdout).toMatch(/^ {2}restore +passed +PostgreSQL \d+ became consistent; amcheck of \d+/m);
      expect(stdout).toMatch(/^ {2}restored in .*, consistent after .*, checked in /m);
    } finally {
      await site.stop();
    }
  });
});
