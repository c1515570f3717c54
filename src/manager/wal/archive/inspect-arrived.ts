import { stat } from 'node:fs/promises';
import { fromErrno } from '../../../system/errno.ts';
import { failure } from '../../../system/errors.ts';
import type { Compression } from '../compression/compression.ts';
import { type Inspected, inspect } from './inspect.ts';

/**
 * Milliseconds after its last change from which on an unfinished file is no more one that is being written:
 * `archive_command = 'cp …'` writes under the final name.
 */
const SETTLED = 20_000;

/**
 * {@link inspect} for a file that may just be arriving under its own name: undefined while it looks so. What fails later
 * does not pass by waiting. @throws WAL_CUT_OFF in place of WAL_INCOMPLETE
 */
export async function inspectArrived(
  path: string,
  name: string,
  compression: Compression,
  cluster: string | undefined,
): Promise<Inspected | undefined> {
  try {
    return await inspect(path, name, compression, cluster);
  } catch (error) {
    const { code, message } = fromErrno(error, path);
    if (code !== 'WAL_INCOMPLETE' && code !== 'COMPRESSION') throw error;
    if (!(await isSettled(path))) return undefined;
    throw code === 'COMPRESSION' ? error : failure('WAL_CUT_OFF', { path, detail: message }, error);
  }
}

/** A sender can set one of the times, even into the future; the other one is this machine's. */
async function isSettled(path: string): Promise<boolean> {
  const { mtimeMs, ctimeMs } = await stat(path);
  return Date.now() - Math.min(mtimeMs, ctimeMs) >= SETTLED;
}
