import { failure } from '../../system/errors.ts';
import type { Compression } from '../wal/compression/compression.ts';
import type { ArchivedSegment } from './wal-archive.ts';
import type { ReadSegment } from './wal-events.ts';

/** Segments that are kept in memory: those around the target are looked at more than once. */
const KEPT = 2;

/** Reads and decompresses whole segments. WAL_DAMAGED for one of another size. COMPRESSION, codes of paths. */
export function segmentReader(compression: Compression, segmentSize: number): ReadSegment {
  const kept = new Map<string, Uint8Array>();
  return async (segment) => {
    const known = kept.get(segment.path);
    if (known !== undefined) return known;
    const bytes = await readWhole(compression, segment, segmentSize);
    kept.set(segment.path, bytes);
    const [oldest] = kept.keys();
    if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
    return bytes;
  };
}

/** The content of one segment, without keeping it. */
export async function readWhole(
  compression: Compression,
  { name, path }: Pick<ArchivedSegment, 'name' | 'path'>,
  segmentSize: number,
): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of compression.read(path, await compression.formatOf(path))) {
    parts.push(part);
    size += part.length;
    if (size > segmentSize) break;
  }
  if (size === segmentSize) return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
  const detail = `it has ${size > segmentSize ? `more than ${segmentSize}` : `${size} of ${segmentSize}`} bytes`;
  throw failure('WAL_DAMAGED', { where: `segment ${name} of the archive`, detail });
}
