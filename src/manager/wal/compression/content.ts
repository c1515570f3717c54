import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { isFailure } from '../../../system/errors.ts';
import type { Compression } from './compression.ts';

/** The first bytes of what a stored file holds, decompressed; fewer where it is shorter. */
export async function contentStart(compression: Compression, path: string, size: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of compression.read(path, await compression.formatOf(path))) {
    parts.push(part);
    length += part.length;
    if (length >= size) break;
  }
  return Buffer.concat(parts).subarray(0, size);
}

/**
 * Bytes of what a stored file holds, decompressed: of one that is cut off, as far as it can be read.
 * @throws COMPRESSION where only its check sum is cut off, at `whole` bytes; errnos
 */
export async function readableLength(compression: Compression, path: string, whole: number): Promise<number> {
  let length = 0;
  try {
    for await (const part of compression.read(path, await compression.formatOf(path))) length += part.length;
  } catch (error) {
    if (!isFailure(error, 'COMPRESSION') || length === whole) throw error;
  }
  return length;
}

/** Whether two stored files hold the same, however each is compressed. */
export async function holdSame(compression: Compression, one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([stat(one), stat(other)]);
  if (a.ino === b.ino && a.dev === b.dev) return true;
  const digests = [one, other].map((path) => digest(compression, path));
  const [first, second] = await Promise.all(digests);
  return first === second;
}

async function digest(compression: Compression, path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of compression.read(path, await compression.formatOf(path))) hash.update(part);
  return hash.digest('hex');
}
