import type { Keep } from '../catalogue/annotations.ts';
import { type Backup, backupType, statusOf } from '../catalogue/backup.ts';
import { descendantsOf } from '../catalogue/family.ts';

export interface RemovalView {
  /** All of the server's, sorted by age. */
  readonly backups: readonly Backup[];
  readonly keeps: ReadonlyMap<string, Keep>;
  readonly minimumRedundancy: number;
}

export type Refusal =
  | { readonly why: 'kept'; readonly id: string }
  | { readonly why: 'redundancy'; readonly minimum: number; readonly current: number }
  /** Somebody restores, verifies or checks it, or is about to keep it. */
  | { readonly why: 'in use'; readonly pid: number | undefined };

/**
 * Whether a backup may go, and what goes with it: block-incremental backups that rest on it, before it.
 * Nothing that is kept goes, and no finished one below the minimum.
 */
export function decideRemoval(
  backup: Backup,
  { backups, keeps, minimumRedundancy }: RemovalView,
): { readonly family: readonly Backup[] } | { readonly refusal: Refusal } {
  const family = [...descendantsOf(backups, backup), backup];
  const kept = family.find(({ id }) => keeps.has(id));
  if (kept !== undefined) return { refusal: { why: 'kept', id: kept.id } };
  const current = backups.filter(countsAsCopy).length;
  if (countsAsCopy(backup) && minimumRedundancy >= current) {
    return { refusal: { why: 'redundancy', minimum: minimumRedundancy, current } };
  }
  return { family };
}

const countsAsCopy = (backup: Backup): boolean =>
  statusOf(backup) === 'DONE' && backupType(backup) !== 'incremental';
