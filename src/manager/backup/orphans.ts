import { isFailure } from '../../system/errors.ts';
import { statusOf } from '../catalogue/backup.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { serverLockPath, takeLock } from '../catalogue/locks.ts';

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
  for (const backup of (await catalogue.read()).backups.filter(isUnderWay)) {
    const action = statusOf(backup) === 'EMPTY' ? 'starting backup' : 'copying files';
    await catalogue.update(backup, {
      status: 'FAILED',
      error: `failure ${action} (the process that made the backup ended without a word: it was killed, or the machine stopped)`,
    });
    found.push(backup.id);
  }
  return found;
}

function isUnderWay(backup: Parameters<typeof statusOf>[0]): boolean {
  const status = statusOf(backup);
  return status === 'EMPTY' || status === 'STARTED';
}
