import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { nextSegmentName } from '../../../postgres/segment.ts';
import { checkSegmentHeader, SEGMENT_HEADER_SIZE } from '../../../postgres/wal/segment-header.ts';
import { parseWalFileName } from '../../../postgres/wal-file-name.ts';
import type { Layout } from '../../catalogue/layout.ts';
import { archivedPath } from '../archive/archived-path.ts';
import type { Compression } from '../compression/compression.ts';
import { contentStart } from '../compression/content.ts';

type Places = Pick<Layout, 'wals' | 'incoming' | 'streaming'>;

/** Where a file is: archived, arrived, or being received; with `partial` also as far as it has been received. */
export function findWal(
  name: string,
  { wals, incoming, streaming }: Places,
  partial: boolean,
): string | undefined {
  const candidates = [join(wals, archivedPath(name)), join(incoming, name), join(streaming, name)];
  if (partial) {
    const unfinished = `${name}.partial`;
    candidates.push(
      join(streaming, unfinished),
      // It may have been renamed between the two looks.
      join(streaming, name),
      join(wals, archivedPath(unfinished)),
      join(incoming, unfinished),
      join(wals, archivedPath(name)),
    );
  }
  return candidates.find((path) => existsSync(path));
}

/** The names of files that are there from `name` on without a gap, at most `most`. */
export async function peekWal(
  name: string,
  most: number,
  places: Places,
  compression: Compression,
): Promise<string[]> {
  const first = findWal(name, places, false);
  if (first === undefined) return [];
  const names = [name];
  if (parseWalFileName(name)?.kind !== 'segment') return names;
  const { segmentSize } = checkSegmentHeader(
    await contentStart(compression, first, SEGMENT_HEADER_SIZE),
    name,
  );
  for (let next = name; names.length < most; names.push(next)) {
    next = nextSegmentName(next, segmentSize);
    if (findWal(next, places, false) === undefined) break;
  }
  return names;
}
