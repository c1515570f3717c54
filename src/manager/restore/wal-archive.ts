import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseSegmentName, type Segment } from '../../postgres/segment.ts';
import { historyFileName, parseWalFileName } from '../../postgres/wal-file-name.ts';
import { fromErrno } from '../../system/errno.ts';
import { isFailure } from '../../system/errors.ts';
import type { Layout } from '../catalogue/layout.ts';
import { namesIn } from '../catalogue/read-file.ts';
import type { Compression } from '../wal/compression/compression.ts';

/** A segment in the archive. */
export interface ArchivedSegment {
  /** 24 digits, also of a partial one. */
  readonly name: string;
  readonly timeline: number;
  readonly number: number;
  readonly path: string;
  /** It was given up when its timeline was left: nothing valid follows what was written. */
  readonly partial: boolean;
}

/** What is archived of a server from some segment on. The directories tell it: xlog.db is only an index of them. */
export interface WalArchive {
  readonly segmentSize: number;
  /** The whole segment where there is one. */
  find(timeline: number, number: number): ArchivedSegment | undefined;
  /** The number of the last segment of a timeline; -1 where it has none. */
  newest(timeline: number): number;
  /** The timelines of which there is a history file. */
  readonly histories: readonly number[];
  /** The text of a timeline's history file; undefined where it is not archived. @throws COMPRESSION, errnos */
  history(timeline: number): Promise<string | undefined>;
  /** Where the history file stands. */
  historyPath(timeline: number): string;
}

/** Lists what a restore that begins in the segment `from` may need. */
export async function readWalArchive(
  { wals }: Pick<Layout, 'wals'>,
  compression: Compression,
  from: string,
  segmentSize: number,
): Promise<WalArchive> {
  const found = new Map<number, Map<number, ArchivedSegment>>();
  const histories: number[] = [];
  // Directories are named by timeline and the upper half of the position.
  const oldest = from.slice(8, 16);
  for (const name of await namesIn(wals)) {
    const file = parseWalFileName(name);
    if (file?.kind === 'history') histories.push(file.timeline);
    if (!/^[0-9A-F]{16}$/.test(name) || name.slice(8) < oldest) continue;
    for (const segment of await listDirectory(join(wals, name), segmentSize)) {
      const known = found.get(segment.timeline) ?? new Map<number, ArchivedSegment>();
      found.set(segment.timeline, known);
      if (!segment.partial || !known.has(segment.number)) known.set(segment.number, segment);
    }
  }
  const historyPath = (timeline: number): string => join(wals, historyFileName(timeline));
  return {
    segmentSize,
    find: (timeline, number) => found.get(timeline)?.get(number),
    newest: (timeline) => Math.max(-1, ...(found.get(timeline)?.keys() ?? [])),
    histories: histories.sort((a, b) => a - b),
    history: async (timeline) => {
      if (!histories.includes(timeline)) return undefined;
      const path = historyPath(timeline);
      const parts: Buffer[] = [];
      for await (const part of compression.read(path, await compression.formatOf(path))) parts.push(part);
      return Buffer.concat(parts).toString('latin1');
    },
    historyPath,
  };
}

async function listDirectory(directory: string, segmentSize: number): Promise<ArchivedSegment[]> {
  const segments: ArchivedSegment[] = [];
  for (const name of await readdir(directory).catch((error: unknown) => {
    throw fromErrno(error, directory);
  })) {
    const file = parseWalFileName(name);
    if (file?.kind !== 'segment' && file?.kind !== 'partial') continue;
    const place = placeOf(file.segment, segmentSize);
    if (place === undefined) continue;
    const partial = file.kind === 'partial';
    segments.push({ name: file.segment, ...place, path: join(directory, name), partial });
  }
  return segments;
}

/** Undefined for a name that cannot be with this size of segments: it is left alone, as by PostgreSQL. */
function placeOf(name: string, segmentSize: number): Segment | undefined {
  try {
    return parseSegmentName(name, segmentSize);
  } catch (error) {
    if (isFailure(error, 'NOT_A_SEGMENT')) return undefined;
    throw error;
  }
}
