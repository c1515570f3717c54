import { type ByteString, toText } from './byte-string.ts';
import { fromErrno } from './errno.ts';
import { flock } from './flock.ts';
import { type HeldLock, heldLock, type LockOptions } from './held-lock.ts';
import { ownerLock } from './owner-lock.ts';

/**
 * One process at a time. The lock is flock(2) on the file, as Barman's locks are, so that both can work on one
 * catalogue; it ends with the process that holds it, however that ends. The file stays: it holds the number of its last
 * owner and a line feed. Where the program `flock` is not installed, files beside `path` that name their owner take its
 * place; those exclude each other, but no program that uses flock(2), and a shared lock then holds nobody off.
 *
 * Rejects with LOCKED (`facts.pid` where the holder has written its number into the file), ABORTED, or the codes of
 * single paths.
 */
export async function acquireFileLock(path: ByteString, options: LockOptions = {}): Promise<HeldLock> {
  try {
    const lock = await flock(path, options);
    return lock ?? (options.shared === true ? heldLock(() => {}) : await ownerLock(path, options));
  } catch (error) {
    throw fromErrno(error, toText(path));
  }
}
