import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type Major, startPostgres, type TestPostgres } from './postgres.ts';

/**
 * PostgreSQL's own base backup, written by the server itself (15 and later): `base.tar` and `backup_manifest` in a
 * directory below the server's scratch directory.
 */
export async function baseBackup(server: TestPostgres): Promise<string> {
  const target = join(server.directory, 'backup');
  const replication = new pg.Client({
    host: server.host,
    port: server.port,
    user: 'postgres',
    // The driver's types do not know this one.
    ...({ replication: 'true' } as object),
  });
  await replication.connect();
  try {
    await replication.query(
      `BASE_BACKUP (TARGET 'server', TARGET_DETAIL '${target}', CHECKPOINT 'fast', WAIT false, MANIFEST 'yes', MANIFEST_CHECKSUMS 'SHA256')`,
    );
  } finally {
    await replication.end();
  }
  return target;
}

export interface ServerSideBackup {
  readonly directory: string;
  readonly systemIdentifier: string;
  remove(): void;
}

/** Such a backup of a new cluster, which is gone afterwards. */
export async function serverSideBackup(major: Exclude<Major, 13>): Promise<ServerSideBackup> {
  const server = await startPostgres({ major, walSegmentSize: 1 });
  try {
    const [row] = await server.query<{ id: string }>(
      'select system_identifier::text id from pg_control_system()',
    );
    const kept = mkdtempSync(join(tmpdir(), 'cellarman-backup-'));
    const directory = join(kept, 'backup');
    renameSync(await baseBackup(server), directory);
    return {
      directory,
      systemIdentifier: row?.id ?? '',
      remove: () => rmSync(kept, { recursive: true, force: true }),
    };
  } finally {
    await server.stop();
  }
}
