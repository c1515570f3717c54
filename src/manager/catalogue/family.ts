import type { Backup } from './backup.ts';

/** The chain of block-incremental backups around one of them, by the IDs Barman keeps on both sides. */
export interface Family {
  readonly parent: Backup | undefined;
  /** The full backup it all rests on; the backup itself where it is one. */
  readonly root: Backup;
  /** The backups a restore of this one needs, itself included, root first. */
  readonly chain: readonly Backup[];
  readonly children: readonly Backup[];
}

export function familyOf(backups: readonly Backup[], backup: Backup): Family {
  const byId = new Map(backups.map((each) => [each.id, each]));
  const parentOf = ({ fields }: Backup): Backup | undefined => byId.get(fields.parent_backup_id ?? '');
  const chain = [backup];
  for (
    let parent = parentOf(backup);
    parent !== undefined && !chain.includes(parent);
    parent = parentOf(parent)
  ) {
    chain.unshift(parent);
  }
  return {
    parent: parentOf(backup),
    root: chain[0] ?? backup,
    chain,
    children: backups.filter(({ fields }) => fields.parent_backup_id === backup.id),
  };
}

/** All that rests on a backup, leaves first: the order in which they have to go before it does. */
export function descendantsOf(backups: readonly Backup[], backup: Backup): Backup[] {
  return backups
    .filter(({ fields, id }) => fields.parent_backup_id === backup.id && id !== backup.id)
    .flatMap((child) => [...descendantsOf(backups, child), child]);
}
