import type { Backup } from '../catalogue/backup.ts';
import { isCopied } from '../catalogue/backup.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { type Family, familyOf } from '../catalogue/family.ts';
import type { ServerConfig } from '../config/configuration.ts';
import { readVerification, type VerificationResult } from '../verification/result.ts';
import type { ReportedBackup } from './backup-report.ts';
import { type BackupSize, sizeOf } from './savings.ts';
import { reachableTimelines } from './timelines.ts';
import { walRate, walSaving } from './wal-usage.ts';

/** How the copy went, seconds. */
export interface CopyTimes {
  readonly copy: number;
  readonly analysis: number | null;
  readonly workers: number;
  /** Bytes a second. */
  readonly throughput: number | null;
}

/** Everything `show-backup` tells of one backup. */
export interface BackupDetails extends ReportedBackup {
  readonly copied: boolean;
  readonly enforced: boolean;
  readonly size: BackupSize;
  readonly copy: CopyTimes | null;
  readonly family: Family;
  readonly timelines: readonly number[];
  /** What `verify-backup` found the last time; null where it never looked. */
  readonly verification: VerificationResult | null;
  /** 0 to 1, of the WAL within the backup and of the WAL after it. */
  readonly walSaving: { readonly during: number; readonly after: number };
  /** Segments a second. */
  readonly walRate: number;
}

/** @param backups all of the server's, sorted by age. */
export async function describeBackup(
  catalogue: Catalogue,
  { options }: Pick<ServerConfig, 'options'>,
  reported: ReportedBackup,
  backups: readonly Backup[],
): Promise<BackupDetails> {
  const { backup, wal } = reported;
  const segmentSize = backup.fields.xlog_segment_size ?? 0;
  const size = sizeOf(backup);
  return {
    ...reported,
    copied: isCopied(backup),
    enforced: options.retention_policy !== null,
    size,
    copy: copyTimes(backup, size.own),
    family: familyOf(backups, backup),
    timelines: await reachableTimelines(catalogue.layout, backup),
    verification: await readVerification(catalogue.layout, backup.id),
    walSaving: { during: walSaving(wal.during, segmentSize), after: walSaving(wal.after, segmentSize) },
    walRate: walRate(wal),
  };
}

function copyTimes({ fields: { copy_stats: stats } }: Backup, bytes: number): CopyTimes | null {
  const number = (key: string): number | null => {
    const value = stats?.get(key);
    return typeof value === 'number' ? value : null;
  };
  const copy = number('copy_time');
  if (copy === null) return null;
  return {
    copy,
    analysis: number('analysis_time'),
    workers: number('number_of_workers') ?? 1,
    throughput: copy > 0 ? bytes / copy : null,
  };
}
