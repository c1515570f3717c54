import type { Endpoint } from '../sync/endpoint.ts';
import type { Entry, RelPath } from '../sync/entry.ts';
import { joinPath } from '../sync/path.ts';
import { checkAborted } from '../system/abort.ts';
import { isFailure } from '../system/errors.ts';

/** Bits that are needed on a directory to empty it. */
const USABLE = 0o700;

/** Removes a tree name by name. Other names of its files are not touched. What is gone already is no failure. */
export async function removeTree(endpoint: Endpoint, path: RelPath, signal?: AbortSignal): Promise<void> {
  const entry = await endpoint.lookup(path);
  if (entry !== undefined) await removeDirectory(endpoint, path, entry, signal);
}

async function removeDirectory(
  endpoint: Endpoint,
  path: RelPath,
  { mode }: Entry,
  signal: AbortSignal | undefined,
): Promise<void> {
  if ((mode & USABLE) !== USABLE) await endpoint.setAttributes(path, { mode: mode | USABLE }).catch(ifGone);
  const entries = await endpoint.list(path);
  const files = entries.filter(({ type }) => type !== 'directory');
  const atOnce = endpoint.capabilities.concurrency;
  for (let i = 0; i < files.length; i += atOnce) {
    checkAborted(signal);
    const some = files.slice(i, i + atOnce);
    await Promise.all(some.map(({ name }) => endpoint.removeFile(joinPath(path, name)).catch(ifGone)));
  }
  for (const directory of entries) {
    if (directory.type === 'directory')
      await removeDirectory(endpoint, joinPath(path, directory.name), directory, signal);
  }
  await endpoint.removeDirectory(path).catch(ifGone);
}

function ifGone(error: unknown): void {
  if (!isFailure(error, 'NOT_FOUND')) throw error;
}
