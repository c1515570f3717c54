import type { BackupFields, BackupStatus } from './backup-fields.ts';
import type { BackupInfoLines } from './backup-info.ts';
import type { InfoPlace } from './layout.ts';

/** A base backup as the catalogue has it. */
export interface Backup {
  readonly id: string;
  /** Where its `backup.info` stands. */
  readonly infoPath: string;
  readonly place: InfoPlace;
  readonly fields: BackupFields;
  /** The file itself, for a rewrite. */
  readonly lines: BackupInfoLines;
}

/** A `backup.info` that cannot be read; the backup is left alone, and all others go on. */
export interface DamagedBackup {
  readonly id: string;
  readonly infoPath: string;
  readonly reason: string;
}

export type BackupType = 'full' | 'incremental' | 'rsync' | 'snapshot';

export function backupType({
  fields: { mode, parent_backup_id: parent },
}: Pick<Backup, 'fields'>): BackupType {
  if (mode?.startsWith('snapshot')) return 'snapshot';
  if (mode?.startsWith('rsync')) return 'rsync';
  return parent === null ? 'full' : 'incremental';
}

export function statusOf({ fields }: Pick<Backup, 'fields'>): BackupStatus {
  return fields.status ?? 'EMPTY';
}

/** The files are all there, whether or not WAL is. Only such a backup is a basis for the next one. */
export function isCopied(backup: Pick<Backup, 'fields'>): boolean {
  const status = statusOf(backup);
  return status === 'DONE' || status === 'WAITING_FOR_WALS';
}
