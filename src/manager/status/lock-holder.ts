import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fromErrno } from '../../system/errno.ts';
import { isFailure } from '../../system/errors.ts';
import { takeLock } from '../catalogue/locks.ts';

/** The number of the process that holds a lock; undefined where nobody does, 0 where it has not said. */
export async function lockHolder(path: string): Promise<number | undefined> {
  if (!existsSync(path)) return undefined;
  // Taking it writes one's own number into it: what stood there is the last holder's, whom nobody needs any more.
  try {
    const lock = await takeLock(path);
    lock.release();
    return undefined;
  } catch (error) {
    if (!isFailure(error, 'LOCKED')) throw fromErrno(error, path);
    const text = await readFile(path, 'latin1').catch(() => '');
    return Number(/^\d+/.exec(text)?.[0] ?? 0);
  }
}
