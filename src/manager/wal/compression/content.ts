import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
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
