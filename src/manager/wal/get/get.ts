import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { fromErrno } from '../../../system/errno.ts';
import type { Compression } from '../compression/compression.ts';
import { temporaryName } from '../send/temporary-name.ts';

export interface GetRequest {
  /** Where the file was found. */
  readonly path: string;
  readonly name: string;
  /** `stored`: as it lies in the archive. An unfinished file is always given so. */
  readonly form: 'plain' | 'stored' | 'gzip';
  /** Undefined: to `output`. */
  readonly directory: string | undefined;
  readonly output: Writable;
}

/** Gives one file of the archive; in a directory it appears when it is complete. @throws COMPRESSION, codes of paths */
export async function getWal(request: GetRequest, compression: Compression): Promise<void> {
  const { path, name, directory, output } = request;
  try {
    if (directory === undefined)
      return await pipeline(await content(request, compression), output, { end: false });
    const temporary = join(directory, temporaryName(name));
    try {
      await pipeline(await content(request, compression), createWriteStream(temporary, { flags: 'wx' }));
      await sync(temporary);
      await rename(temporary, join(directory, name));
      await sync(directory);
    } finally {
      await rm(temporary, { force: true });
    }
  } catch (error) {
    throw fromErrno(error, directory ?? path);
  }
}

async function content({ path, form }: GetRequest, compression: Compression): Promise<Readable> {
  if (form === 'stored' || path.endsWith('.partial')) return createReadStream(path);
  const plain = Readable.from(compression.read(path, await compression.formatOf(path)));
  if (form === 'plain') return plain;
  const gzip = createGzip();
  plain.on('error', (error) => gzip.destroy(error));
  return plain.pipe(gzip);
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
