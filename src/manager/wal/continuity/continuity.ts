import { parseLsn } from '../../../postgres/lsn.ts';
import { parseSegmentName, type Segment, segmentBefore } from '../../../postgres/segment.ts';
import { isFailure } from '../../../system/errors.ts';
import { readKeep } from '../../catalogue/annotations.ts';
import { type Backup, isCopied, statusOf } from '../../catalogue/backup.ts';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { Layout } from '../../catalogue/layout.ts';
import type { ServerConfig } from '../../config/configuration.ts';
import { Compression } from '../compression/compression.ts';
import { findGaps, type Gaps, type NeededFrom } from './gaps.ts';
import { readPresentWal } from './present-wal.ts';

export interface Continuity extends Gaps {
  /** Name of the first segment that has to be there; undefined where no backup needs any. */
  readonly from: string | undefined;
}

/**
 * Looks for gaps in a server's WAL between its oldest backup and now.
 * @param reached name of the newest segment PostgreSQL says it has archived
 * @throws the codes of single paths
 */
export async function checkContinuity(
  { layout }: Pick<Catalogue, 'layout'>,
  { options }: Pick<ServerConfig, 'options'>,
  backups: readonly Backup[],
  reached?: string,
): Promise<Continuity> {
  const copied = backups.filter((backup) => isCopied(backup) && backup.fields.begin_wal !== null);
  const [oldest] = copied;
  if (oldest === undefined) return { gaps: [], unknownTimelines: [], from: undefined };
  const segmentSize = oldest.fields.xlog_segment_size ?? 0x1000000;
  const needs: NeededFrom[] = [];
  for (const backup of copied) needs.push(...(await needOf(layout, backup, segmentSize)));
  const present = await readPresentWal(layout, new Compression(options), segmentSize);
  const gaps = findGaps(needs, present, segmentOf(reached, segmentSize));
  return { ...gaps, from: oldest.fields.begin_wal ?? undefined };
}

/** Nothing of a backup whose fields do not go together: what is wrong with it, others tell. */
async function needOf(
  layout: Layout,
  { id, fields, ...backup }: Backup,
  size: number,
): Promise<NeededFrom[]> {
  const { begin_wal: beginWal, begin_xlog: beginLsn, end_xlog: end } = fields;
  const begin = segmentOf(beginWal ?? undefined, size);
  const endLsn = lsnOf(end ?? beginLsn);
  if (begin === undefined || endLsn === undefined) return [];
  return [
    {
      timeline: begin.timeline,
      begin: begin.number,
      end:
        statusOf({ ...backup, fields }) === 'DONE' && end !== null ? segmentBefore(endLsn, size) : undefined,
      endLsn,
      standalone: (await readKeep(layout, id)) === 'standalone',
    },
  ];
}

function segmentOf(name: string | undefined, size: number): Segment | undefined {
  return name === undefined ? undefined : orUndefined(() => parseSegmentName(name.slice(0, 24), size));
}

function lsnOf(text: string | null): bigint | undefined {
  return text === null ? undefined : orUndefined(() => parseLsn(text));
}

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isFailure(error)) return undefined;
    throw error;
  }
}

/** One sentence for each thing that is missing. */
export function tellGaps({ gaps, unknownTimelines }: Gaps): string[] {
  return [
    ...gaps.map(({ timeline, first, last, count }) =>
      count === 1
        ? `WAL ${first} (timeline ${timeline}) is missing`
        : `WAL ${first} to ${last} (timeline ${timeline}, ${count} segments) is missing`,
    ),
    ...unknownTimelines.map((timeline) => `the history file of timeline ${timeline} is missing or damaged`),
  ];
}
