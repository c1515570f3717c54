import { parseLsn } from '../../postgres/lsn.ts';
import { failure } from '../../system/errors.ts';
import { type Backup, statusOf } from '../catalogue/backup.ts';
import { findBackup } from '../catalogue/designation.ts';
import type { RecoveryTarget, TimelineWish } from './target.ts';
import { describeTarget } from './unreachable.ts';

export interface BackupWish {
  readonly server: string;
  readonly designation: string;
  readonly target: RecoveryTarget;
  readonly timeline: TimelineWish | undefined;
}

/** The backup someone means; `auto`: the newest one that ended before the target. BACKUP_UNKNOWN, BACKUP_NAME_AMBIGUOUS, USAGE. */
export function chooseBackup(wish: BackupWish, backups: readonly Backup[]): Backup {
  const { designation, server, target, timeline } = wish;
  if (designation !== 'auto') return findBackup(backups, designation, server);
  if (['xid', 'name', 'immediate'].includes(target.kind)) {
    throw failure('USAGE', {
      detail: `the backup "auto" is chosen by a time or an LSN; name one for ${describeTarget(target)}`,
    });
  }
  const found = backups.findLast(
    (backup) =>
      statusOf(backup) === 'DONE' &&
      isBefore(backup, target) &&
      (typeof timeline !== 'number' || (backup.fields.timeline ?? 0) <= timeline),
  );
  if (found !== undefined) return found;
  throw failure('RESTORE_TARGET', {
    detail: `no backup of server '${server}' ended before ${describeTarget(target)}`,
  });
}

function isBefore({ fields: { end_time, end_xlog } }: Backup, target: RecoveryTarget): boolean {
  if (target.kind === 'time') return end_time !== null && end_time.epoch <= target.time.epoch;
  if (target.kind === 'lsn') return end_xlog !== null && parseLsn(end_xlog) <= target.lsn;
  return true;
}
