import { formatLsn } from '../../postgres/lsn.ts';
import { formatMoment } from '../catalogue/moment.ts';
import { settingLine } from './configuration-file.ts';
import type { RecoveryTarget, TimelineWish } from './target.ts';

export type TargetAction = 'pause' | 'shutdown' | 'promote';

export interface RecoveryWishes {
  readonly target: RecoveryTarget;
  readonly exclusive: boolean;
  /** As it was asked for. */
  readonly timelineWish: TimelineWish | undefined;
  /** As it was chosen. */
  readonly timeline: number;
  readonly action: TargetAction | undefined;
  readonly standby: boolean;
  /** Where WAL was put for recovery alone; undefined where it lies in pg_wal or comes by `restoreCommand`. */
  readonly walDirectory: string | undefined;
  /** WAL is fetched during recovery. */
  readonly restoreCommand: string | undefined;
}

/** Whether recovery shall end at a point of its own, so that it has to be archive recovery. */
export function isPointInTime({
  target,
  timelineWish,
}: Pick<RecoveryWishes, 'target' | 'timelineWish'>): boolean {
  return target.kind !== 'end' || timelineWish !== undefined;
}

/** The file that makes a server of 12 or later recover from the archive; undefined where it just starts. */
export function signalFile(wishes: RecoveryWishes): 'standby.signal' | 'recovery.signal' | undefined {
  if (wishes.standby) return 'standby.signal';
  return isPointInTime(wishes) || wishes.restoreCommand !== undefined ? 'recovery.signal' : undefined;
}

/** Lines for `postgresql.auto.conf`. */
export function recoverySettings(wishes: RecoveryWishes): string[] {
  const { target, exclusive, action, standby, walDirectory, restoreCommand } = wishes;
  if (signalFile(wishes) === undefined) return [];
  const lines: string[] = [];
  if (restoreCommand !== undefined) lines.push(settingLine('restore_command', restoreCommand));
  else if (walDirectory !== undefined) {
    const directory = shellWord(walDirectory).replaceAll('%', '%%');
    lines.push(settingLine('restore_command', `cp ${directory}/%f %p`));
    lines.push(settingLine('recovery_end_command', `rm -fr ${directory}`));
  }
  lines.push(...targetLines(target));
  if (exclusive && ['time', 'xid', 'lsn'].includes(target.kind))
    lines.push(settingLine('recovery_target_inclusive', 'false'));
  lines.push(settingLine('recovery_target_timeline', timelineOf(wishes, standby)));
  if (action !== undefined) lines.push(settingLine('recovery_target_action', action));
  return lines;
}

/** A standby goes on to what its primary does later, unless it was told otherwise. */
function timelineOf({ timelineWish, timeline, target }: RecoveryWishes, standby: boolean): string {
  const follows =
    standby && target.kind === 'end' && (timelineWish === undefined || timelineWish === 'latest');
  return follows ? 'latest' : String(timeline);
}

function targetLines(target: RecoveryTarget): string[] {
  switch (target.kind) {
    case 'end':
      return [];
    case 'immediate':
      return [settingLine('recovery_target', 'immediate')];
    case 'time':
      return [settingLine('recovery_target_time', formatMoment(target.time))];
    case 'xid':
      return [settingLine('recovery_target_xid', String(target.transaction))];
    case 'lsn':
      return [settingLine('recovery_target_lsn', formatLsn(target.lsn))];
    case 'name':
      return [settingLine('recovery_target_name', target.name)];
  }
}

/** For the shell that runs the commands of a server. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
