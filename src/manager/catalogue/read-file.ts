import { readdir, readFile } from 'node:fs/promises';
import { fromErrno } from '../../system/errno.ts';

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

/** Null where there is no such file. @throws the codes of single paths */
export async function readIfPresent(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isMissing(error)) return null;
    throw fromErrno(error, path);
  }
}

/** Nothing where there is no such directory. @throws the codes of single paths */
export async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isMissing(error)) return [];
    throw fromErrno(error, directory);
  }
}
