import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { nextSegmentName } from '../../../postgres/segment.ts';
import { checkSegmentHeader, SEGMENT_HEADER_SIZE } from '../../../postgres/wal/segment-header.ts';
import { parseWalFileName } from '../../../postgres/wal-file-name.ts';
import type { Layout } from '../../catalogue/layout.ts';
import type { Compression } from '../compression/compression.ts';
import { contentStart } from '../compression/content.ts';
import { placesOf } from './places.ts';

type Places = Pick<Layout, 'wals' | 'incoming' | 'streaming'>;

/** Where a file is: archived, arrived, or being received; with `partial` also as far as it has been received. */
export function findWal(name: string, places: Places, partial: boolean): string | undefined {
  return placesOf(name, partial)
    .map(({ directory, path }) => join(places[directory], path))
    .find((path) => existsSync(path));
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
