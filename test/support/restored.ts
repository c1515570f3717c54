import {
  chmodSync,
  chownSync,
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BackupSite } from './backup-site.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';

/** Gives a tree to the user a server runs as. */
export function giveTo({ uid, gid }: Pick<TestPostgres, 'uid' | 'gid'>, path: string): void {
  chownSync(path, uid, gid);
  if (lstatSync(path).isDirectory())
    for (const name of readdirSync(path)) giveTo({ uid, gid }, join(path, name));
}

/**
 * Starts a server from a backup the way PostgreSQL's manual says: the files copied, links to tablespaces, a signal file,
 * and WAL fetched from the archive until its end.
 */
export async function startRestored(site: BackupSite, id: string, target: string): Promise<TestPostgres> {
  const { root, postgres } = site;
  const base = join(root, 'base', id);
  const dataDir = join(target, 'data');
  mkdirSync(target);
  chmodSync(target, 0o755);
  cpSync(join(base, 'data'), dataDir, { recursive: true });
  for (const oid of readdirSync(base).filter((name) => /^\d+$/.test(name))) {
    cpSync(join(base, oid), join(target, oid), { recursive: true });
    symlinkSync(join(target, oid), join(dataDir, 'pg_tblspc', oid));
    giveTo(postgres, join(target, oid));
  }
  writeFileSync(join(dataDir, 'recovery.signal'), '');
  giveTo(postgres, dataDir);
  chmodSync(dataDir, 0o700);
  const wals = join(root, 'wals');
  const restored = await startPostgres({
    major: postgres.major,
    dataDir,
    settings: {
      archive_mode: 'off',
      restore_command: `cp "$(ls ${wals}/*/%f ${wals}/%f 2>/dev/null)" %p`,
    },
  });
  // It answers queries from the moment it is consistent, which is earlier than the end of the archive.
  for (let look = 0; ; look++) {
    if (look > 1200) throw new Error(`the restored server goes on recovering:\n${restored.log()}`);
    const [row] = await restored.query<{ busy: boolean }>('select pg_is_in_recovery() as busy');
    if (row?.busy === false) return restored;
    await sleep(50);
  }
}

export async function stopRestored(server: TestPostgres, target: string): Promise<void> {
  await server.stop();
  rmSync(target, { recursive: true, force: true });
}
