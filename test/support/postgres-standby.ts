import {
  chownSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { fromErrno } from '../../src/system/errno.ts';
import { type PostgresOptions, startPostgres, type TestPostgres } from './postgres.ts';

/** A streaming hot standby of a running primary without tablespaces. Stop it before the primary. */
export async function startStandby(
  primary: TestPostgres,
  settings: NonNullable<PostgresOptions['settings']> = {},
): Promise<TestPostgres> {
  const directory = mkdtempSync(join(tmpdir(), 'cellarman-standby-'));
  const dataDir = join(directory, 'data');
  const label = await copyOnline(primary, dataDir);
  writeFileSync(join(dataDir, 'backup_label'), label);
  writeFileSync(join(dataDir, 'standby.signal'), '');
  giveTo(primary.uid, primary.gid, directory);
  const standby = await startPostgres({
    major: primary.major,
    dataDir,
    settings: { primary_conninfo: primary.conninfo, hot_standby: true, ...settings },
  });
  return {
    ...standby,
    stop: async () => {
      await standby.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Copies a data directory between start and stop of a backup; the label. */
async function copyOnline(primary: TestPostgres, target: string): Promise<string> {
  const connection = new pg.Client({ host: primary.host, port: primary.port, user: 'postgres' });
  await connection.connect();
  try {
    const modern = primary.major >= 15;
    await connection.query(
      modern ? "select pg_backup_start('standby', true)" : "select pg_start_backup('standby', true, false)",
    );
    mkdirSync(target, { mode: 0o700 });
    for (const name of readdirSync(primary.dataDir)) {
      if (name === 'postmaster.pid' || name === 'postmaster.opts') continue;
      copyLive(join(primary.dataDir, name), join(target, name));
    }
    const { rows } = await connection.query<{ labelfile: string }>(
      modern ? 'select * from pg_backup_stop(false)' : 'select * from pg_stop_backup(false, false)',
    );
    return rows[0]?.labelfile ?? '';
  } finally {
    await connection.end();
  }
}

/** Copies what a running server may remove or rename meanwhile: what is gone is what a backup need not have. */
function copyLive(source: string, target: string): void {
  try {
    if (lstatSync(source).isDirectory()) {
      mkdirSync(target, { mode: 0o700 });
      for (const name of readdirSync(source)) copyLive(join(source, name), join(target, name));
    } else {
      copyFileSync(source, target);
    }
  } catch (error) {
    if (fromErrno(error, source).code !== 'NOT_FOUND') throw error;
  }
}

function giveTo(uid: number, gid: number, path: string): void {
  chownSync(path, uid, gid);
  if (!lstatSync(path).isDirectory()) return;
  for (const name of readdirSync(path)) giveTo(uid, gid, join(path, name));
}
