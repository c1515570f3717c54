import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isFailure } from '../../system/errors.ts';
import { takeLock } from '../catalogue/locks.ts';
import { namesIn } from '../catalogue/read-file.ts';

/**
 * Removes lock files that nobody holds; the names of those that went.
 * @param isWanted names to leave alone.
 */
export async function cleanLocks(
  directory: string,
  isWanted: (name: string) => boolean = () => false,
): Promise<string[]> {
  const removed: string[] = [];
  for (const name of (await namesIn(directory)).sort()) {
    if (!/^\..+\.lock$/.test(name) || isWanted(name)) continue;
    const path = join(directory, name);
    try {
      using _lock = await takeLock(path);
      // While it is held: whoever opened it before looks again whether it is still there.
      await rm(path, { force: true });
      removed.push(name);
    } catch (error) {
      if (!isFailure(error, 'LOCKED', 'PERMISSION_DENIED')) throw error;
    }
  }
  return removed;
}

/** For {@link cleanLocks}: leaves the locks of these servers, and those that are no server's. */
export function isLockOf(servers: Iterable<string>): (name: string) => boolean {
  const prefixes = [...servers].map((server) => `.${server}-`);
  return (name) =>
    ['.config-update.lock', '.cron.lock'].includes(name) ||
    prefixes.some((prefix) => name.startsWith(prefix));
}
