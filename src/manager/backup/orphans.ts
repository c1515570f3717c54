import { isFailure } from '../../system/errors.ts';
import { statusOf } from '../catalogue/backup.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { backupLockPath, serverLockPath, takeLock } from '../catalogue/locks.ts';
import { readAgain } from '../catalogue/read-backups.ts';

/**
 * Backups whose process ended without a word count as failed: nobody holds the server's backup lock, and yet they are
 * said to be under way. The IDs of those that were found; none where a backup is being made.
 */
export async function failOrphans(catalogue: Catalogue): Promise<readonly string[]> {
  const { backups } = await catalogue.read();
  if (!backups.some(isUnderWay)) return [];
  try {
    using _lock = await takeLock(serverLockPath(catalogue.locks, 'backup'));
    return await failOrphansLocked(catalogue);
  } catch (error) {
    if (isFailure(error, 'LOCKED')) return [];
    throw error;
  }
}

/** The same for the holder of the lock. */
export async function failOrphansLocked(catalogue: Catalogue): Promise<readonly string[]> {
  const found: string[] = [];
  for (const known of (await catalogue.read()).backups.filter(isUnderWay)) {
    const lock = await takeLock(backupLockPath(catalogue.locks, known.id)).catch(unlessRemoved);
    if (lock === undefined) continue;
    using _lock = lock;
    const backup = await readAgain(known);
    if (backup === undefined || !isUnderWay(backup)) continue;
    const action = statusOf(backup) === 'EMPTY' ? 'starting backup' : 'copying files';
    await catalogue.update(backup, {
      status: 'FAILED',
      error: `failure ${action} (the process that made the backup ended without a word: it was killed, or the machine stopped)`,
    });
    found.push(backup.id);
  }
  return found;
}

/** Who holds a backup's own lock, and does not make it, removes it: the mark would bring it back. */
function unlessRemoved(error: unknown): undefined {
  if (!isFailure(error, 'LOCKED')) throw error;
}

function isUnderWay(backup: Parameters<typeof statusOf>[0]): boolean {
  const status = statusOf(backup);
  return status === 'EMPTY' || status === 'STARTED';
}
