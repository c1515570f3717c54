import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fromErrno } from '../../../system/errno.ts';
import { syncPath } from '../../../system/sync-path.ts';
import type { Compression } from '../compression/compression.ts';
import { temporaryName } from '../send/temporary-name.ts';

export interface GetRequest {
  /** Where the file was found. */
  readonly path: string;
  readonly name: string;
  /** Decompressed, as it lies in the archive, or compressed anew. An unfinished file is always given as it lies there. */
  readonly form: 'plain' | 'stored' | Compression;
  /** Undefined: to `output`. */
  readonly directory: string | undefined;
  readonly output: Writable;
}

/** Gives one file of the archive; in a directory it appears when it is complete. @throws COMPRESSION, WAL_ENCRYPTED, codes of paths */
export async function getWal(request: GetRequest, compression: Compression): Promise<void> {
  const { path, name, directory, output } = request;
  try {
    if (directory === undefined)
      return await pipeline(await content(request, compression), output, { end: false });
    const temporary = join(directory, temporaryName(name));
    try {
      await pipeline(await content(request, compression), createWriteStream(temporary, { flags: 'wx' }));
      await syncPath(temporary);
      await rename(temporary, join(directory, name));
      await syncPath(directory);
    } finally {
      await rm(temporary, { force: true });
    }
  } catch (error) {
    throw fromErrno(error, directory ?? path);
  }
}

async function content({ path, form }: GetRequest, compression: Compression): Promise<Readable> {
  const stored = await compression.formatOf(path);
  if (form === 'stored' || path.endsWith('.partial')) return createReadStream(path);
  if (form === 'plain') return Readable.from(compression.read(path, stored));
  if (form.format === stored) return createReadStream(path);
  return Readable.from(compressed(Readable.from(compression.read(path, stored)), form));
}

/** By way of files, which is what all programs that compress work on. */
async function* compressed(plain: Readable, form: Compression): AsyncGenerator<Buffer, void, void> {
  const directory = await mkdtemp(join(tmpdir(), 'cellarman-wal-'));
  try {
    const [source, target] = [join(directory, 'plain'), join(directory, 'compressed')];
    await pipeline(plain, createWriteStream(source));
    await form.compress(source, target);
    yield* createReadStream(target);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
