import { open } from 'node:fs/promises';
import { checkSegmentHeader, SEGMENT_HEADER_SIZE } from '../../postgres/wal/segment-header.ts';
import { fromErrno } from '../../system/errno.ts';
import { failure } from '../../system/errors.ts';
import type { Compression } from '../wal/compression/compression.ts';
import { contentStart } from '../wal/compression/content.ts';
import type { ArchivedSegment } from './wal-archive.ts';

/** Files that are looked at side by side. */
const WIDTH = 8;

/**
 * Proves of every segment, as far as that is cheap, that it is whole and of this cluster; that all of its records are
 * valid is seen when it is copied. WAL_DAMAGED.
 */
export async function checkSegments(
  segments: readonly ArchivedSegment[],
  compression: Compression,
  systemIdentifier: string,
  segmentSize: number,
): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let segment = segments[next++]; segment !== undefined; segment = segments[next++]) {
      await checkSegment(segment, compression, systemIdentifier, segmentSize);
    }
  };
  await Promise.all(Array.from({ length: WIDTH }, work));
}

async function checkSegment(
  { name, path }: ArchivedSegment,
  compression: Compression,
  systemIdentifier: string,
  segmentSize: number,
): Promise<void> {
  const format = await compression.formatOf(path);
  const { size, trailer } = await ends(path);
  const wrong = (detail: string): Error =>
    failure('WAL_DAMAGED', { where: `segment ${name} of the archive`, detail });
  if (format === null && size !== segmentSize) throw wrong(`it has ${size} of ${segmentSize} bytes`);
  // gzip ends with the size of what was compressed.
  if (format === 'gzip' && trailer !== segmentSize) throw wrong('its compressed file is cut off or damaged');
  // Other formats need a program run for each file: they are looked at when they are copied.
  if (format === null || format === 'gzip') {
    checkSegmentHeader(await contentStart(compression, path, SEGMENT_HEADER_SIZE), name, systemIdentifier);
  }
}

async function ends(path: string): Promise<{ readonly size: number; readonly trailer: number }> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const last = Buffer.alloc(4);
      if (size >= 4) await file.read(last, 0, 4, size - 4);
      return { size, trailer: last.readUInt32LE(0) };
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fromErrno(error, path);
  }
}
