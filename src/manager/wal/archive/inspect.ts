import { stat } from 'node:fs/promises';
import { checkSegmentHeader, SEGMENT_HEADER_SIZE } from '../../../postgres/wal/segment-header.ts';
import { parseWalFileName } from '../../../postgres/wal-file-name.ts';
import { failure } from '../../../system/errors.ts';
import type { Compression } from '../compression/compression.ts';
import { contentStart, readableLength } from '../compression/content.ts';
import type { WalFormat } from '../compression/format.ts';

export interface Inspected {
  readonly format: WalFormat | null;
  /** Where the file has a header that tells. */
  readonly systemIdentifier: string | undefined;
}

/**
 * Looks whether a file is what its name says, and of the cluster.
 * @throws WAL_DAMAGED for what must not enter the archive, WAL_INCOMPLETE for what may still grow, COMPRESSION, errnos
 */
export async function inspect(
  path: string,
  name: string,
  compression: Compression,
  cluster: string | undefined,
): Promise<Inspected> {
  const format = await compression.formatOf(path);
  const parsed = parseWalFileName(name);
  const { size } = await stat(path);
  if (parsed?.kind !== 'segment' && parsed?.kind !== 'partial') {
    if (size === 0) throw failure('WAL_INCOMPLETE', { path, size, expected: 'some' });
    return { format, systemIdentifier: undefined };
  }
  const start = await contentStart(compression, path, SEGMENT_HEADER_SIZE);
  if (start.length < SEGMENT_HEADER_SIZE)
    throw failure('WAL_INCOMPLETE', { path, size, expected: 'at least 40' });
  const { systemIdentifier, segmentSize } = checkSegmentHeader(start, parsed.segment, cluster);
  if (parsed.kind === 'segment') {
    const length = format === null ? size : await readableLength(compression, path, segmentSize);
    if (length !== segmentSize)
      throw failure('WAL_INCOMPLETE', { path, size: length, expected: String(segmentSize) });
  }
  return { format, systemIdentifier };
}
