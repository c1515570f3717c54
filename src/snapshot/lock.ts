import { randomUUID } from 'node:crypto';
import type { Endpoint } from '../sync/endpoint.ts';
import type { RelPath } from '../sync/entry.ts';
import { type ByteString, byteString } from '../system/byte-string.ts';
import { failure, isFailure } from '../system/errors.ts';
import { acquireFileLock } from '../system/file-lock.ts';
import { identify, isDead, type ProcessIdentity } from '../system/process-identity.ts';
import { LOCK, OURS } from './layout.ts';

/**
 * One run at a time in a repository. On this machine the lock ends with its process, however that ends. On a server it is
 * a file that names its owner: a dead one of this machine is seen to be dead; whether one of another machine is, only
 * people can tell.
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
  if (local !== undefined) {
    const lock = await acquireFileLock(byteString(`${local === '/' ? '' : local}/${LOCK}`));
    return {
      async [Symbol.asyncDispose]() {
        lock.release();
      },
    };
  }
  await take(repository);
  return {
    async [Symbol.asyncDispose]() {
      await repository.removeFile(LOCK).catch(() => {});
    },
  };
}

async function take(repository: Endpoint): Promise<void> {
  const mine = `${JSON.stringify(identify(process.pid))}\n`;
  for (;;) {
    try {
      return await write(repository, mine);
    } catch (error) {
      if (!isFailure(error, 'EXISTS')) throw error;
    }
    const text = await read(repository, LOCK);
    if (text === undefined) continue;
    const owner = parse(text);
    const path = `${repository.name}/${LOCK}`;
    if (owner === undefined || !isDead(owner)) {
      throw failure('LOCKED_ELSEWHERE', {
        path,
        owner: owner === undefined ? 'somebody' : `process ${owner.pid} on ${owner.host}`,
      });
    }
    await putAway(repository, text);
  }
}

async function write(repository: Endpoint, text: string): Promise<void> {
  const file = await repository.create(LOCK);
  try {
    await file.write(Buffer.from(text));
  } finally {
    await file.close();
  }
}

/** Two runs may find one dead owner at once: whoever moves a living lock away by that puts it back. */
async function putAway(repository: Endpoint, dead: string): Promise<void> {
  const aside = byteString(`${LOCK}.${randomUUID()}`);
  try {
    await repository.rename(LOCK, aside);
  } catch (error) {
    if (isFailure(error, 'NOT_FOUND')) return;
    throw error;
  }
  if ((await read(repository, aside)) === dead) await repository.removeFile(aside);
  else await repository.rename(aside, LOCK);
}

async function read(repository: Endpoint, path: RelPath): Promise<string | undefined> {
  try {
    const file = await repository.openRead(path);
    try {
      const blocks: Buffer[] = [];
      for await (const block of file.read(0, 4096)) blocks.push(Buffer.from(block));
      return Buffer.concat(blocks).toString('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isFailure(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}

/** Undefined for what was never finished, or is none of ours. */
function parse(text: string): ProcessIdentity | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const { pid, host, boot, space, start } = value as Record<string, unknown>;
    if (typeof pid !== 'number' || typeof host !== 'string') return undefined;
    const optional = (field: unknown): string | undefined => (typeof field === 'string' ? field : undefined);
    return { pid, host, boot: optional(boot), space: optional(space), start: optional(start) };
  } catch {
    return undefined;
  }
}
