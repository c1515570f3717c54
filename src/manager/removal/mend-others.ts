import { isFailure } from '../../system/errors.ts';
import type { HeldLock } from '../../system/held-lock.ts';
import { type Backup, backupType, isCopied } from '../catalogue/backup.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { backupLockPath, serverLockPath, takeLock, waitForLock } from '../catalogue/locks.ts';
import { readAgain } from '../catalogue/read-backups.ts';
import { ownBytes } from './remove-tree.ts';

/** Milliseconds for somebody's look at a backup to be over; who verifies, removes or makes one takes longer. */
const PATIENCE = 3000;

export interface Mending {
  readonly catalogue: Catalogue;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What a removed backup leaves behind in others: the parent's list of children, and how much the next backup has to
 * itself. Nobody else may write to them meanwhile: neither who checks them, nor who makes a backup, and at its end writes
 * to the newest one and to its parent.
 *
 * @param ownsServer the caller holds the server's backup lock
 * @throws LOCKED where somebody is at work on the parent: its list has to be right for it to be removed itself
 */
export async function mendOthers(
  { catalogue, signal }: Mending,
  backup: Backup,
  others: readonly Backup[],
  ownsServer: boolean,
): Promise<void> {
  const { locks, layout } = catalogue;
  const makersLock = serverLockPath(locks, 'backup');
  const parent = others.find(({ id }) => id === backup.fields.parent_backup_id);
  if (parent !== undefined) {
    using _maker = ownsServer ? null : await soon(makersLock, signal);
    using _own = await soon(backupLockPath(locks, parent.id), signal);
    const now = await readAgain(parent);
    const children = now?.fields.children_backup_ids?.filter((id) => id !== backup.id);
    if (now !== undefined && children !== undefined)
      await catalogue.update(now, { children_backup_ids: children.length === 0 ? null : children });
  }
  const next = others.find((each) => each.id > backup.id && isCopied(each));
  if (next === undefined || backupType(next) !== 'rsync') return;
  const bytes = await ownBytes(layout.backup(next.id)).catch(() => undefined);
  if (bytes === undefined) return;
  try {
    using _maker = ownsServer || next !== others.at(-1) ? null : await soon(makersLock, signal);
    using _own = await soon(backupLockPath(locks, next.id), signal);
    if ((await readAgain(next)) !== undefined) await catalogue.update(next, { deduplicated_size: bytes });
  } catch (error) {
    // A number for people, and nothing depends on it.
    if (!isFailure(error, 'LOCKED')) throw error;
  }
}

/** Two who remove backups may want each other's: nobody waits for ever. */
async function soon(path: string, signal: AbortSignal | undefined): Promise<HeldLock> {
  const late = AbortSignal.timeout(PATIENCE);
  try {
    return await waitForLock(path, signal === undefined ? late : AbortSignal.any([late, signal]));
  } catch (error) {
    if (!isFailure(error, 'ABORTED') || signal?.aborted === true) throw error;
    // It says who holds it.
    return await takeLock(path);
  }
}
