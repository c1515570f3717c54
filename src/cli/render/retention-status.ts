import type { BackupDetails } from '../../manager/report/backup-details.ts';
import type { RetentionStatus } from '../../manager/retention/evaluate.ts';

/** As listings show it: nothing to tell is `-`. */
export function shownRetention(status: RetentionStatus): string {
  if (status === 'POTENTIALLY_OBSOLETE') return 'OBSOLETE*';
  return status === 'VALID' || status === 'NONE' ? '-' : status;
}

/** As `show-backup` tells it, of a backup that stands at the end of the catalogue. */
export const NO_PREVIOUS = '- (this is the oldest base backup)';
export const NO_NEXT = '- (this is the latest base backup)';

export function retentionOf({ enforced, verdict }: Pick<BackupDetails, 'enforced' | 'verdict'>): string {
  if (!enforced) return 'not enforced';
  return verdict.status === 'VALID' ? 'VALID' : shownRetention(verdict.status);
}
