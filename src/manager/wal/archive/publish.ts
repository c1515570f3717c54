import { rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fromText } from '../../../system/byte-string.ts';
import { flushFileSystem } from '../../../system/flush-file-system.ts';
import { syncPath } from '../../../system/sync-path.ts';
import type { WalIndex } from '../../catalogue/wal-index.ts';
import type { Staged } from './staging.ts';

/** From so many files on, one syncfs(2) is cheaper than an fsync for each. */
const MANY = 8;

/**
 * Puts a group into the archive. At every moment a file is in `incoming/`, or in the archive and in the index, or both:
 * contents on the disk, names, names on the disk, index, and only then the sources go.
 */
export async function publish(group: readonly Staged[], wals: string, index: WalIndex): Promise<void> {
  const [first] = group;
  if (first === undefined) return;
  if (group.length < MANY || !(await flushFileSystem(fromText(wals))))
    await Promise.all(group.map(({ ready }) => syncPath(ready)));
  const directories = new Set([wals, ...group.map(({ target }) => dirname(target))]);
  await index.append(
    group.map(({ entry }) => entry),
    async () => {
      await Promise.all(group.map(({ ready, target }) => rename(ready, target)));
      await Promise.all([...directories].map(syncPath));
    },
  );
  await Promise.all(group.map(({ source }) => unlink(source)));
  await syncPath(dirname(first.source));
}
