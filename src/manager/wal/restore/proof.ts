import { closeSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { checkSegmentHeader, SEGMENT_HEADER_SIZE } from '../../../postgres/wal/segment-header.ts';
import { parseWalFileName } from '../../../postgres/wal-file-name.ts';
import { failure } from '../../../system/errors.ts';

/**
 * Proves that a file is complete and what its name says, and of the cluster where that is known; the size of a segment.
 * What is missing at the end of an unfinished segment is filled up with zeros, as its receiver does: PostgreSQL takes no
 * segment of another size.
 * @throws WAL_DAMAGED, WAL_INCOMPLETE, errnos
 */
export function prove(
  path: string,
  name: string,
  {
    system,
    unfinished = false,
  }: { readonly system?: string | undefined; readonly unfinished?: boolean } = {},
): number | undefined {
  const fd = openSync(path, unfinished ? 'r+' : 'r');
  try {
    const { size } = fstatSync(fd);
    const parsed = parseWalFileName(name);
    if (parsed?.kind !== 'segment') {
      if (size === 0) throw failure('WAL_INCOMPLETE', { path: name, size, expected: 'some' });
      return undefined;
    }
    const start = Buffer.alloc(SEGMENT_HEADER_SIZE);
    if (readSync(fd, start, 0, start.length, 0) < start.length)
      throw failure('WAL_INCOMPLETE', { path: name, size, expected: 'at least 40' });
    const { segmentSize } = checkSegmentHeader(start, name, system);
    if (unfinished && size < segmentSize) ftruncateSync(fd, segmentSize);
    else if (size !== segmentSize)
      throw failure('WAL_INCOMPLETE', { path: name, size, expected: String(segmentSize) });
    return segmentSize;
  } finally {
    closeSync(fd);
  }
}
