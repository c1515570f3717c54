import { open, rmdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { checkAborted } from '../../system/abort.ts';
import { fromErrno } from '../../system/errno.ts';
import type { WalEntry } from '../catalogue/wal-entry.ts';
import type { WalIndex } from '../catalogue/wal-index.ts';
import { walEnvironment } from '../hooks/environment.ts';
import type { Hooks } from '../hooks/hooks.ts';
import { archivedPath } from '../wal/archive/archived-path.ts';

/** Files whose lines leave the index together. */
const GROUP = 10_000;

/**
 * Removes files from the WAL archive, each by its name: the file first, then its line. Who is stopped in between leaves
 * lines of files that are gone and that nobody needs; the next removal finds them. Yields the names as they go.
 * @throws HOOK_STOPPED, ABORTED, the codes of single paths
 */
export async function* removeWal(
  entries: readonly WalEntry[],
  wals: string,
  index: WalIndex,
  hooks: Hooks,
  signal: AbortSignal | undefined,
): AsyncGenerator<string, void, void> {
  for (let start = 0; start < entries.length; start += GROUP) {
    const gone = new Set<string>();
    try {
      for (const entry of entries.slice(start, start + GROUP)) {
        checkAborted(signal);
        await removeFile(entry, join(wals, archivedPath(entry.name)), hooks, signal);
        gone.add(entry.name);
      }
    } finally {
      await settle(gone, wals, index);
    }
    yield* gone;
  }
}

async function removeFile(
  entry: WalEntry,
  path: string,
  hooks: Hooks,
  signal: AbortSignal | undefined,
): Promise<void> {
  const environment = walEnvironment(entry, path);
  await hooks.before('wal_delete', environment, signal);
  let problem: unknown;
  try {
    await unlink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') problem = fromErrno(error, path);
  }
  await hooks.after('wal_delete', environment, problem, signal);
  if (problem !== undefined) throw problem;
}

/** Makes the removals durable, then drops the lines; directories that hold nothing any more go, too. */
async function settle(gone: ReadonlySet<string>, wals: string, index: WalIndex): Promise<void> {
  if (gone.size === 0) return;
  for (const directory of new Set([...gone].map((name) => dirname(join(wals, archivedPath(name)))))) {
    await flush(directory);
    if (directory === wals) continue;
    // It holds more, or is gone.
    await rmdir(directory).catch(() => undefined);
  }
  await index.retain(({ name }) => !gone.has(name));
}

async function flush(directory: string): Promise<void> {
  try {
    await using handle = await open(directory, 'r');
    await handle.sync();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw fromErrno(error, directory);
  }
}
