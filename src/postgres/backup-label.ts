import { failure } from '../system/errors.ts';
import { type Lsn, parseLsn } from './lsn.ts';

/**
 * The text of a `backup_label`, or of the `.backup` file that a primary archives at the end of a backup, which has the
 * `stop` lines too (PostgreSQL `access/transam/xlogbackup.c`). Lines `KEY: value`. A restore writes the label byte for
 * byte as the server gave it, so there is nothing here that makes one.
 */
export interface BackupLabel {
  /** Where recovery begins: the redo position of the backup's checkpoint, and the segment that holds it. */
  readonly startLsn: Lsn;
  readonly startSegment: string;
  readonly checkpoint: Lsn;
  readonly from: 'primary' | 'standby';
  /** As the server wrote it, in its `log_timezone`. */
  readonly startTime: string;
  readonly label: string;
  readonly startTimeline: number;
  /** Of an incremental backup (17 and later), which no server starts from: where its predecessor began. */
  readonly incrementalFrom: Lsn | undefined;
  readonly stop: BackupStop | undefined;
}

export interface BackupStop {
  readonly lsn: Lsn;
  readonly segment: string;
  readonly time: string;
  readonly timeline: number;
}

const POSITION = /^([0-9A-Fa-f]{1,8}\/[0-9A-Fa-f]{1,8}) \(file ([0-9A-F]{24})\)$/;

/** BACKUP_LABEL. */
export function parseBackupLabel(text: string): BackupLabel {
  const lines = new Map<string, string>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(': ');
    // The first of a key counts: a line of the same form in the user's label must not change the position.
    if (colon > 0 && !lines.has(line.slice(0, colon))) lines.set(line.slice(0, colon), line.slice(colon + 2));
  }
  const value = (key: string): string => {
    const found = lines.get(key);
    if (found === undefined) throw failure('BACKUP_LABEL', { detail: `it has no line "${key}"` });
    return found;
  };
  const position = (key: string): { lsn: Lsn; segment: string } => {
    const [, lsn, segment] = POSITION.exec(value(key)) ?? [];
    if (lsn === undefined || segment === undefined) throw wrong(key);
    return { lsn: parseLsn(lsn), segment };
  };
  const timeline = (key: string): number => {
    if (!/^\d{1,10}$/.test(value(key))) throw wrong(key);
    return Number(value(key));
  };
  const start = position('START WAL LOCATION');
  // A primary had another name up to 13.
  const from = value('BACKUP FROM').replace(/^master$/, 'primary');
  if (from !== 'primary' && from !== 'standby') throw wrong('BACKUP FROM');
  const incremental = lines.get('INCREMENTAL FROM LSN');
  return {
    startLsn: start.lsn,
    startSegment: start.segment,
    checkpoint: parseLsn(value('CHECKPOINT LOCATION')),
    from,
    startTime: value('START TIME'),
    label: value('LABEL'),
    startTimeline: timeline('START TIMELINE'),
    incrementalFrom: incremental === undefined ? undefined : parseLsn(incremental),
    stop: lines.has('STOP WAL LOCATION')
      ? { ...position('STOP WAL LOCATION'), time: value('STOP TIME'), timeline: timeline('STOP TIMELINE') }
      : undefined,
  };
}

function wrong(key: string): Error {
  return failure('BACKUP_LABEL', { detail: `the line "${key}" is not as PostgreSQL writes it` });
}
