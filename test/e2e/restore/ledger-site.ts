import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { type BackupSite, startBackupSite } from '../../support/backup-site.ts';
import { keysOf, type LedgerRow, openLedger } from '../../support/ledger.ts';
import type { Major, TestPostgres } from '../../support/postgres.ts';
import { giveTo } from '../../support/restored.ts';

/** A server whose sessions wrote all the time: before, during and behind its two backups, and at each point named here. */
export interface LedgerSite extends BackupSite {
  /** All that was ever committed, by time. */
  readonly rows: readonly LedgerRow[];
  /** The keys of what was committed before it. */
  readonly restorePoint: { readonly name: string; readonly keys: readonly string[] };
  readonly position: { readonly lsn: string; readonly keys: readonly string[] };
}

/** Its ledger lies in the tablespace `elsewhere`; its backups are called `first` and `second`. */
export async function startLedgerSite(major: Major): Promise<LedgerSite> {
  const site = await startBackupSite({
    major,
    walSegmentSize: 1,
    settings: { track_commit_timestamp: 'on' },
    lines: 'parallel_jobs = 2\ncompression = gzip',
  });
  const { postgres } = site;
  const location = join(site.dir, 'elsewhere');
  mkdirSync(location);
  giveTo(postgres, location);
  await postgres.query(`create tablespace elsewhere location '${location}'`);
  await postgres.query('create extension amcheck');
  const ledger = await openLedger(postgres);
  await postgres.query('alter table ledger set tablespace elsewhere');

  const backUp = async (name: string): Promise<void> => {
    const outcome = await site.run('backup', 'pg', '--name', name);
    expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
  };
  const atRest = async <T>(act: () => Promise<T>): Promise<{ value: T; keys: string[] }> => {
    await ledger.pause();
    try {
      return { value: await act(), keys: keysOf(await ledger.rows()) };
    } finally {
      ledger.resume();
    }
  };
  await sleep(200);
  await backUp('first');
  await sleep(300);
  await postgres.query('select pg_switch_wal()');
  await sleep(200);
  const name = 'before the mistake';
  const named = await atRest(() => postgres.query('select pg_create_restore_point($1)', [name]));
  await backUp('second');
  await sleep(300);
  const position = await atRest(async () => {
    const sql = 'select pg_current_wal_insert_lsn()::text as lsn';
    return (await postgres.query<{ lsn: string }>(sql))[0]?.lsn ?? '';
  });
  await sleep(200);
  await postgres.query('select pg_switch_wal()');
  await sleep(300);
  await ledger.stop();
  await archiveAll(postgres);
  return {
    ...site,
    rows: await ledger.rows(),
    restorePoint: { name, keys: named.keys },
    position: { lsn: position.value, keys: position.keys },
  };
}

/** What was written up to now has left the server when it resolves. */
export async function archiveAll(postgres: TestPostgres): Promise<void> {
  const [row] = await postgres.query<{ name: string }>('select pg_walfile_name(pg_switch_wal()) as name');
  const name = row?.name ?? '';
  for (;;) {
    const [state] = await postgres.query<{ done: boolean | null }>(
      'select last_archived_wal >= $1 as done from pg_stat_archiver',
      [name],
    );
    if (state?.done === true) return;
    await sleep(50);
  }
}
