import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parseLsn } from '../../postgres/lsn.ts';
import { descendsFrom, parseTimelineHistory } from '../../postgres/timeline.ts';
import { parseWalFileName } from '../../postgres/wal-file-name.ts';
import { isFailure } from '../../system/errors.ts';
import type { Backup } from '../catalogue/backup.ts';
import type { Layout } from '../catalogue/layout.ts';
import { namesIn, readIfPresent } from '../catalogue/read-file.ts';

/** The later timelines a restore of the backup can go on to, by the history files in the archive. */
export async function reachableTimelines(
  { wals }: Pick<Layout, 'wals'>,
  { fields: { timeline, end_xlog: end } }: Pick<Backup, 'fields'>,
): Promise<number[]> {
  if (timeline === null || end === null) return [];
  const reachable: number[] = [];
  for (const name of await namesIn(wals)) {
    const file = parseWalFileName(name);
    if (file?.kind !== 'history' || file.timeline <= timeline) continue;
    const text = await readHistory(join(wals, name));
    if (text !== null && leadsThrough(file.timeline, text, timeline, end)) reachable.push(file.timeline);
  }
  return reachable.sort((a, b) => a - b);
}

function leadsThrough(target: number, text: string, timeline: number, end: string): boolean {
  try {
    return descendsFrom(parseTimelineHistory(target, text), timeline, parseLsn(end));
  } catch (error) {
    // A listing is no place to stop for one damaged history file; a restore along it will.
    if (isFailure(error)) return false;
    throw error;
  }
}

async function readHistory(path: string): Promise<string | null> {
  const content = await readIfPresent(path);
  if (content === null) return null;
  const isGzip = content[0] === 0x1f && content[1] === 0x8b;
  return (isGzip ? gunzipSync(content) : content).toString('latin1');
}
