import type { Endpoint } from '../sync/endpoint.ts';
import { type ByteString, byteString } from '../system/byte-string.ts';
import { isFailure } from '../system/errors.ts';
import { acquireFileLock } from '../system/file-lock.ts';
import { claimRepository } from './claim.ts';
import { LOCK, OURS } from './layout.ts';

/**
 * One run at a time in a repository, whether it comes by this machine's file system or by SFTP. Runs on this machine
 * exclude each other by a file lock, which ends with its process, however that ends; and every run lays a claim, which
 * those that come another way can see.
 *
 * LOCKED, LOCKED_ELSEWHERE.
 * @param local the repository's absolute path where it is on this machine
 */
export async function lockRepository(
  repository: Endpoint,
  local: ByteString | undefined,
): Promise<AsyncDisposable> {
  await repository.makeDirectory(OURS, 0o700).catch((error: unknown) => {
    if (!isFailure(error, 'EXISTS')) throw error;
  });
  if (local === undefined) {
    const release = await claimRepository(repository, 'remote');
    return { [Symbol.asyncDispose]: release };
  }
  const lock = await acquireFileLock(byteString(`${local === '/' ? '' : local}/${LOCK}`));
  try {
    const release = await claimRepository(repository, 'local');
    return {
      async [Symbol.asyncDispose]() {
        await release();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}
