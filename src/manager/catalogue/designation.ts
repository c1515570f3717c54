import { failure } from '../../system/errors.ts';
import { type Backup, backupType, isCopied, statusOf } from './backup.ts';

/** Words for a backup that cannot be its name. `auto` is for restores, which choose by the target. */
export const RESERVED_NAMES = [
  'latest',
  'last',
  'oldest',
  'first',
  'last-failed',
  'latest-full',
  'last-full',
  'auto',
] as const;

const isWhole = (backup: Backup): boolean => ['full', 'rsync'].includes(backupType(backup));

/**
 * The backup someone means by an ID, a word like `latest`, or the name they gave it.
 * @param backups sorted by age.
 * @throws BACKUP_UNKNOWN, BACKUP_NAME_AMBIGUOUS
 */
export function findBackup(backups: readonly Backup[], designation: string, server: string): Backup {
  const byWord = (): Backup | undefined => {
    switch (designation) {
      case 'latest':
      case 'last':
        return backups.findLast(isCopied);
      case 'oldest':
      case 'first':
        return backups.find(isCopied);
      case 'last-failed':
        return backups.findLast((backup) => statusOf(backup) === 'FAILED');
      case 'latest-full':
      case 'last-full':
        return backups.findLast((backup) => isCopied(backup) && isWhole(backup));
      default:
        return backups.find(({ id }) => id === designation);
    }
  };
  const found = byWord() ?? byName(backups, designation);
  if (found === undefined) throw failure('BACKUP_UNKNOWN', { id: designation, server });
  return found;
}

function byName(backups: readonly Backup[], name: string): Backup | undefined {
  const named = backups.filter(({ fields }) => fields.backup_name === name);
  if (named.length > 1) {
    throw failure('BACKUP_NAME_AMBIGUOUS', { name, ids: named.map(({ id }) => id).join(', ') });
  }
  return named[0];
}
