import type { BackupReport } from '../../manager/report/backup-report.ts';
import type { Messages } from './messages.ts';

/** Tells of everything in a catalogue that could not be read; all else is shown as if it were not there. */
export function tellDamage({ damagedBackups, damagedLines }: BackupReport, messages: Messages): void {
  for (const { id, reason } of damagedBackups) messages.error(`backup ${id} cannot be used: ${reason}`);
  for (const { path, line } of damagedLines) {
    messages.warning(`${path}: line ${line} is damaged and was left as it is`);
  }
}
