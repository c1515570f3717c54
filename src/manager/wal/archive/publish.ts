import { copyFile, rename, rm, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fromText } from '../../../system/byte-string.ts';
import { flushFileSystem } from '../../../system/flush-file-system.ts';
import { syncPath } from '../../../system/sync-path.ts';
import type { WalIndex } from '../../catalogue/wal-index.ts';
import { errorOf, keepTimes, type Staged } from './staging.ts';

/** From so many files on, one syncfs(2) is cheaper than an fsync for each. */
const MANY = 8;

/**
 * Puts a group into the archive. At every moment a file is in `incoming/`, or in the archive and in the index, or both:
 * contents on the disk, index, names, names on the disk, and only then the sources go that are still there. A file that
 * a crash left behind its line is archived by the next run; one without a line nobody would find.
 */
export async function publish(group: readonly Staged[], wals: string, index: WalIndex): Promise<void> {
  const [first] = group;
  if (first === undefined) return;
  if (group.length < MANY || !(await flushFileSystem(fromText(wals))))
    await Promise.all(group.map(({ ready }) => syncPath(ready)));
  const directories = new Set([wals, ...group.map(({ target }) => dirname(target))]);
  let used: readonly Staged[] = [];
  await index.append(
    group.map(({ entry }) => entry),
    async () => {
      const isUsed = await Promise.all(group.map(enter));
      used = group.filter((_, at) => isUsed[at]);
      await Promise.all([...directories].map(syncPath));
    },
  );
  await Promise.all(used.map(({ source }) => unlink(source)));
  await syncPath(dirname(first.source));
}

/** Gives a file its name. True where its source stands as before: it may go when the name is on the disk. */
async function enter({ ready, source, target }: Staged): Promise<boolean> {
  try {
    await rename(ready, target);
    return ready !== source;
  } catch (error) {
    if (ready !== source || (error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
  }
  const copy = `${target}.tmp`;
  try {
    await copyFile(source, copy);
    await keepTimes(source, copy);
    await syncPath(copy);
    await rename(copy, target);
  } catch (error) {
    // Half a file would keep a full disk full.
    await rm(copy, { force: true });
    throw errorOf(error, source, target);
  }
  return true;
}
