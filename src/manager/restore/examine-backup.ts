import { parseBackupLabel } from '../../postgres/backup-label.ts';
import { type ControlFile, parseControlFile } from '../../postgres/control-file.ts';
import { parseLsn } from '../../postgres/lsn.ts';
import { failure, isFailure } from '../../system/errors.ts';
import { type Backup, backupType, isCopied, statusOf } from '../catalogue/backup.ts';
import type { Layout } from '../catalogue/layout.ts';
import { readIfPresent } from '../catalogue/read-file.ts';
import type { BackupSpan } from './plan.ts';

/** A backup that has all that a restore begins with. */
export interface ExaminedBackup {
  readonly backup: Backup;
  readonly span: BackupSpan;
  readonly control: ControlFile;
  /** pg_control as it lies in the backup. */
  readonly controlBytes: Uint8Array;
  readonly beginSegment: string;
  readonly segmentSize: number;
}

/**
 * Looks at what makes a backup one: its state, its form, pg_control, and the backup label, without which a server would
 * begin recovery at the wrong place and be corrupt with no word said. BACKUP_NOT_RESTORABLE.
 */
export async function examineBackup(layout: Layout, backup: Backup): Promise<ExaminedBackup> {
  const { id, fields } = backup;
  const wrong = (detail: string, cause?: unknown): Error =>
    failure('BACKUP_NOT_RESTORABLE', { id, detail }, cause);
  refuseOthers(backup, wrong);
  const { begin_xlog, end_xlog, end_wal, timeline, begin_wal } = fields;
  if (begin_xlog === null || end_xlog === null || begin_wal === null || timeline === null) {
    throw wrong(`its backup.info does not say where it begins and ends`);
  }
  const controlBytes = await readIfPresent(`${layout.data(id)}/global/pg_control`);
  if (controlBytes === null) throw wrong('its global/pg_control is missing');
  const control = parsed(() => parseControlFile(controlBytes), wrong);
  if (fields.systemid !== null && fields.systemid !== control.systemIdentifier) {
    throw wrong(
      `its pg_control belongs to the cluster ${control.systemIdentifier}, the backup to ${fields.systemid}`,
    );
  }
  await checkLabel(layout, backup, begin_xlog, wrong);
  const end = end_wal === null ? timeline : Number.parseInt(end_wal.slice(0, 8), 16);
  return {
    backup,
    span: {
      begin: parseLsn(begin_xlog),
      end: parseLsn(end_xlog),
      timeline: end,
      endTime: fields.end_time?.epoch,
    },
    control,
    controlBytes,
    beginSegment: begin_wal,
    segmentSize: control.walSegmentSize,
  };
}

type Wrong = (detail: string, cause?: unknown) => Error;

function refuseOthers(backup: Backup, wrong: Wrong): void {
  const { fields } = backup;
  if (!isCopied(backup)) throw wrong(`backup status is not DONE, but ${statusOf(backup)}`);
  const type = backupType(backup);
  if (type === 'snapshot')
    throw wrong('it is made of snapshots of disks, which only their provider can restore');
  if (type === 'incremental') {
    throw wrong(
      'it holds only the blocks that changed since another one; pg_combinebackup makes a full backup of both',
    );
  }
  if ((fields.encryption ?? 'none') !== 'none') throw wrong(`it is encrypted with ${fields.encryption}`);
  if ((fields.compression ?? 'none') !== 'none') {
    throw wrong(`it is kept as archives compressed with ${fields.compression}; Barman can unpack them`);
  }
}

async function checkLabel(
  layout: Layout,
  { id, fields }: Backup,
  begin: string,
  wrong: Wrong,
): Promise<void> {
  const content = await readIfPresent(`${layout.data(id)}/backup_label`);
  if (content === null) {
    throw wrong('its backup_label is missing; a server started without it would be corrupt');
  }
  const text = content.toString('utf8');
  if (fields.backup_label !== null && fields.backup_label !== text) {
    throw wrong('its backup_label is not the one that PostgreSQL gave at the end of the backup');
  }
  const label = parsed(() => parseBackupLabel(text), wrong);
  if (label.startLsn !== parseLsn(begin)) {
    throw wrong(`its backup_label begins elsewhere than at ${begin}, where the backup began`);
  }
  if (label.incrementalFrom !== undefined) {
    throw wrong('its backup_label is that of an incremental backup, from which no server starts');
  }
}

function parsed<T>(parse: () => T, wrong: Wrong): T {
  try {
    return parse();
  } catch (error) {
    if (!isFailure(error)) throw error;
    throw wrong(error.message, error);
  }
}
