import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WalRange } from '../../postgres/backup-manifest/types.ts';
import { parseControlFile } from '../../postgres/control-file.ts';
import { parseLsn } from '../../postgres/lsn.ts';
import { parseSegmentName } from '../../postgres/segment.ts';
import { parseTimelineHistory } from '../../postgres/timeline.ts';
import { historyFileName } from '../../postgres/wal-file-name.ts';
import { localEndpoint } from '../../sync/endpoints/local.ts';
import { fromText } from '../../system/byte-string.ts';
import { fromErrno } from '../../system/errno.ts';
import { failure } from '../../system/errors.ts';
import { type Backup, isCopied, statusOf } from '../catalogue/backup.ts';
import type { Layout } from '../catalogue/layout.ts';
import { readIfPresent } from '../catalogue/read-file.ts';
import { generateManifest } from './generate.ts';

export interface ForBackup {
  readonly layout: Layout;
  readonly backup: Backup;
  /** Worker threads. */
  readonly jobs: number;
  readonly signal: AbortSignal;
}

/**
 * Gives a backup of the catalogue its `backup_manifest`, whoever made the backup. BACKUP_UNFINISHED, EXISTS, codes of
 * paths.
 */
export async function manifestForBackup(order: ForBackup): Promise<{ readonly files: number }> {
  const { layout, backup, jobs, signal } = order;
  if (!isCopied(backup)) throw failure('BACKUP_UNFINISHED', { id: backup.id, status: statusOf(backup) });
  const control = parseControlFile(await readData(layout, backup.id, 'global/pg_control'));
  const root = fromText(layout.backup(backup.id));
  const tree = localEndpoint(root);
  try {
    return await generateManifest({
      tree,
      spec: { kind: 'local', root },
      systemIdentifier: control.systemIdentifier,
      major: control.major,
      ranges: await walRanges(layout, backup),
      algorithm: 'SHA256',
      taken: new Map(),
      basis: undefined,
      jobs,
      signal,
    });
  } finally {
    await tree.close();
  }
}

async function readData(layout: Layout, id: string, name: string): Promise<Buffer> {
  const path = join(layout.data(id), name);
  try {
    return await readFile(path);
  } catch (error) {
    throw fromErrno(error, path);
  }
}

/** The WAL that makes the backup consistent, the newest timeline first; none where the catalogue does not say. */
async function walRanges(
  { wals }: Pick<Layout, 'wals'>,
  { fields }: Pick<Backup, 'fields'>,
): Promise<WalRange[]> {
  const { begin_xlog, end_xlog, begin_wal, end_wal, xlog_segment_size } = fields;
  if (begin_xlog === null || end_xlog === null || begin_wal === null || end_wal === null) return [];
  const size = xlog_segment_size ?? 16 * 1024 * 1024;
  const start = parseLsn(begin_xlog);
  const end = parseLsn(end_xlog);
  const first = parseSegmentName(begin_wal, size).timeline;
  const timeline = parseSegmentName(end_wal, size).timeline;
  if (first === timeline) return [{ timeline, start, end }];
  const history = await readIfPresent(join(wals, historyFileName(timeline)));
  if (history === null) throw failure('NOT_FOUND', { path: join(wals, historyFileName(timeline)) });
  return parseTimelineHistory(timeline, history.toString('latin1'))
    .filter((span) => span.timeline >= first && (span.end ?? end) > start)
    .map((span) => ({
      timeline: span.timeline,
      // biome-ignore lint/complexity/useMathMinMax: these are bigints.
      start: span.begin > start ? span.begin : start,
      end: span.end ?? end,
    }))
    .reverse();
}
