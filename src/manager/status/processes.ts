import { join } from 'node:path';
import { type LockSite, type ServerLockName, serverLockPath } from '../catalogue/locks.ts';
import { namesIn } from '../catalogue/read-file.ts';
import { lockHolder } from './lock-holder.ts';

export interface ServerProcess {
  readonly pid: number;
  /** The command. */
  readonly task: string;
}

const TASKS: readonly ServerLockName[] = ['backup', 'cron', 'archive-wal', 'receive-wal', 'sync-wal'];

/** What is at work on a server, whichever of the two programs it is: they tell by their locks. */
export async function listProcesses(locks: LockSite): Promise<ServerProcess[]> {
  const paths = TASKS.map((task): [string, string] => [task, serverLockPath(locks, task)]);
  const copying = new RegExp(
    `^\\.${locks.server.replace(/[^\w]/g, '\\$&')}-\\d{8}T\\d{6}-sync-backup\\.lock$`,
  );
  for (const name of await namesIn(locks.directory))
    if (copying.test(name)) paths.push(['sync-backup', join(locks.directory, name)]);
  const processes: ServerProcess[] = [];
  for (const [task, path] of paths) {
    const pid = await lockHolder(path);
    if (pid !== undefined && pid > 0) processes.push({ pid, task });
  }
  return processes;
}
