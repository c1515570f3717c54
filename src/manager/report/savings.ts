import { type Backup, backupType } from '../catalogue/backup.ts';

/** Sizes of one backup in bytes, and what it did not need to store. */
export interface BackupSize {
  /** What the backup takes by itself: for a hard-linked one, what no other backup shares. */
  readonly own: number;
  readonly saved: number | null;
  /** 0 to 1 */
  readonly savedRatio: number | null;
}

export function sizeOf(backup: Pick<Backup, 'fields'>): BackupSize {
  const { size, deduplicated_size: deduplicated, cluster_size: cluster } = backup.fields;
  const type = backupType(backup);
  const own = (type === 'rsync' ? deduplicated : null) ?? size ?? 0;
  // An incremental backup is held against the whole cluster, a linked one against all of its own files.
  const whole = type === 'rsync' ? size : type === 'incremental' ? cluster : null;
  if (whole === null || whole === 0) return { own, saved: null, savedRatio: null };
  const savedRatio = 1 - own / whole;
  return { own, saved: Math.trunc((cluster ?? whole) * savedRatio), savedRatio };
}
