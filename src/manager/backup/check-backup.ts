import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { nextSegmentName } from '../../postgres/segment.ts';
import { parseWalFileName } from '../../postgres/wal-file-name.ts';
import { failure } from '../../system/errors.ts';
import { type Backup, isCopied, statusOf } from '../catalogue/backup.ts';
import type { BackupStatus } from '../catalogue/backup-fields.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { Layout } from '../catalogue/layout.ts';
import { backupLockPath, takeLock } from '../catalogue/locks.ts';
import { readAgain } from '../catalogue/read-backups.ts';
import { namesIn } from '../catalogue/read-file.ts';
import { archivedPath } from '../wal/archive/archived-path.ts';

/** What of a backup's own WAL is not in the archive. */
export interface MissingWal {
  /** The first missing segment. */
  readonly segment: string;
  /** Later WAL was archived already, and this one is not waiting to be: it will not come any more. */
  readonly isLost: boolean;
}

/**
 * Looks whether the archive holds all WAL of a copied backup, and changes its status: DONE when it does, FAILED when a
 * segment is lost. Every other backup stays as it is. LOCKED where somebody else is at it, NOT_FOUND where it was removed.
 */
export async function checkBackup(catalogue: Catalogue, known: Backup): Promise<BackupStatus> {
  if (!isCopied(known)) return statusOf(known);
  using _lock = await takeLock(backupLockPath(catalogue.locks, known.id));
  // Its removal may have begun since it was read, and be finished or broken off.
  const backup = await readAgain(known);
  if (backup === undefined) throw failure('NOT_FOUND', { path: known.infoPath });
  if (!isCopied(backup)) return statusOf(backup);
  const missing = await missingWal(catalogue.layout, backup);
  const status = missing === undefined ? 'DONE' : missing.isLost ? 'FAILED' : 'WAITING_FOR_WALS';
  if (status !== statusOf(backup) && !(status === 'WAITING_FOR_WALS' && statusOf(backup) === 'DONE')) {
    const error = `At least one WAL file is missing. The first missing WAL file is ${missing?.segment}`;
    await catalogue.update(backup, { status, ...(status === 'FAILED' ? { error } : {}) });
  }
  return status;
}

/** Undefined where all is there. */
export async function missingWal(
  layout: Layout,
  { fields }: Pick<Backup, 'fields'>,
): Promise<MissingWal | undefined> {
  const { begin_wal: begin, end_wal: end, xlog_segment_size: size } = fields;
  if (begin === null || end === null || size === null) return undefined;
  for (let name = begin; name <= end; name = nextSegmentName(name, size)) {
    const isArchived = (): boolean => existsSync(join(layout.wals, archivedPath(name)));
    if (isArchived()) continue;
    const isComing = [layout.incoming, layout.streaming].some((directory) =>
      existsSync(join(directory, name)),
    );
    const newest = await newestSegment(layout.wals, name.slice(0, 8));
    // It may have been archived between the looks at both places.
    if (isArchived()) continue;
    return { segment: name, isLost: !isComing && newest !== undefined && newest > name };
  }
  return undefined;
}

/** The last archived segment of a timeline. */
async function newestSegment(wals: string, timeline: string): Promise<string | undefined> {
  const directories = (await namesIn(wals))
    .filter((name) => /^[0-9A-F]{16}$/.test(name) && name.startsWith(timeline))
    .sort();
  for (const directory of directories.reverse()) {
    const segments = (await namesIn(join(wals, directory))).filter(
      (name) => parseWalFileName(name)?.kind === 'segment',
    );
    const newest = segments.sort().at(-1);
    if (newest !== undefined) return newest;
  }
  return undefined;
}
