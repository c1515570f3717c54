import { join } from 'node:path';
import { parseSegmentName } from '../../../postgres/segment.ts';
import { historyFileName, parseWalFileName } from '../../../postgres/wal-file-name.ts';
import { isFailure } from '../../../system/errors.ts';
import type { Layout } from '../../catalogue/layout.ts';
import { namesIn } from '../../catalogue/read-file.ts';
import type { Compression } from '../compression/compression.ts';
import type { PresentWal } from './gaps.ts';

/**
 * The WAL of a server that is on this host: in the archive, or waiting for it. The directories tell; `xlog.db` is only
 * an index of them. @throws the codes of single paths
 */
export async function readPresentWal(
  { wals, incoming, streaming }: Pick<Layout, 'wals' | 'incoming' | 'streaming'>,
  compression: Compression,
  segmentSize: number,
): Promise<PresentWal> {
  const found = new Map<number, Set<number>>();
  const histories = new Map<number, string>();
  const take = async (directory: string, name: string): Promise<void> => {
    const file = parseWalFileName(name);
    if (file?.kind === 'history') {
      const text = await readHistory(join(directory, historyFileName(file.timeline)), compression);
      if (text !== undefined) histories.set(file.timeline, text);
    } else if (file?.kind === 'segment') {
      const number = numberOf(file.segment, segmentSize);
      if (number === undefined) return;
      const numbers = found.get(file.timeline);
      if (numbers === undefined) found.set(file.timeline, new Set([number]));
      else numbers.add(number);
    }
  };
  // In the order in which files move: one that is archived meanwhile is seen twice, and not missed.
  for (const directory of [incoming, streaming, wals]) {
    for (const name of await namesIn(directory)) {
      if (directory !== wals || !/^[0-9A-F]{16}$/.test(name)) await take(directory, name);
      else {
        const inside = join(directory, name);
        for (const file of await namesIn(inside)) await take(inside, file);
      }
    }
  }
  const segments = new Map(
    [...found].map(([timeline, numbers]) => [timeline, [...numbers].sort((a, b) => a - b)]),
  );
  return { segmentSize, segments, histories };
}

/** Undefined for a name that does not go with the segment size. */
function numberOf(name: string, segmentSize: number): number | undefined {
  try {
    return parseSegmentName(name, segmentSize).number;
  } catch (error) {
    if (isFailure(error, 'NOT_A_SEGMENT')) return undefined;
    throw error;
  }
}

/** Undefined where it cannot be read: then it is as good as missing. */
async function readHistory(path: string, compression: Compression): Promise<string | undefined> {
  try {
    const parts: Buffer[] = [];
    for await (const part of compression.read(path, await compression.formatOf(path))) parts.push(part);
    return Buffer.concat(parts).toString('latin1');
  } catch (error) {
    if (isFailure(error) || (error instanceof Error && 'errno' in error)) return undefined;
    throw error;
  }
}
