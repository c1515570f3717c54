import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { checkAborted } from '../../system/abort.ts';
import { fromErrno } from '../../system/errno.ts';

/** Removes what stands in a directory but some names. It may be gone already. @throws ABORTED, the codes of single paths */
export async function emptyDirectory(
  directory: string,
  except: ReadonlySet<string>,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    for (const name of await readdir(directory)) {
      checkAborted(signal);
      if (!except.has(name)) await rm(join(directory, name), { recursive: true, force: true });
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw fromErrno(error, directory);
  }
}

/** Bytes of the files below a directory that have no other name: what would be free without it. */
export async function ownBytes(directory: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) bytes += await ownBytes(path);
    else if (entry.isFile()) {
      const { nlink, size } = await lstat(path);
      if (nlink === 1) bytes += size;
    }
  }
  return bytes;
}
