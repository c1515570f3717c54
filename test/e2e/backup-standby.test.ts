import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseControlFile } from '../../src/postgres/control-file.ts';
import { parseLsn } from '../../src/postgres/lsn.ts';
import { type BackupSite, startBackupSite } from '../support/backup-site.ts';
import { postgresAvailable, type TestPostgres } from '../support/postgres.ts';
import { startStandby } from '../support/postgres-standby.ts';
import { startRestored, stopRestored } from '../support/restored.ts';

let site: BackupSite;
let standby: TestPostgres;

describe.skipIf(!postgresAvailable())('a backup from a standby', () => {
  beforeAll(async () => {
    // The primary archives; the backup comes from its standby.
    site = await startBackupSite({ major: 17, walSegmentSize: 1, settings: { max_wal_senders: 4 } });
    await site.postgres.query('create table kept as select n from generate_series(1, 10000) n');
    standby = await startStandby(site.postgres);
    site.configure(`conninfo = ${standby.conninfo}\nprimary_conninfo = ${site.postgres.conninfo}`);
  });

  afterAll(async () => {
    await standby?.stop();
    await site?.stop();
  });

  it('has the WAL that its primary is asked to close, and starts', async () => {
    const { status, stderr } = await site.run('backup', 'pg');
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const id = readdirSync(join(site.root, 'base')).at(-1) ?? '';
    const info = readFileSync(join(site.root, 'meta', `${id}-backup.info`), 'utf8');
    expect(info).toContain('status=DONE');
    expect(info).toContain('BACKUP FROM: standby');
    // Recovery ends at the earliest where pg_control says: it was read behind everything else, and before the stop.
    const control = parseControlFile(
      readFileSync(join(site.root, 'base', id, 'data', 'global', 'pg_control')),
    );
    const end = /^end_xlog=(.*)$/m.exec(info)?.[1] ?? '';
    expect(control.state).toBe('in archive recovery');
    expect(control.minRecoveryPoint).toBeLessThanOrEqual(parseLsn(end));
    const target = join(site.dir, 'restored');
    const restored = await startRestored(site, id, target);
    try {
      expect(await restored.query('select count(*) from kept')).toEqual([{ count: '10000' }]);
    } finally {
      await stopRestored(restored, target);
    }
  });
});
