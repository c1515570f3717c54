import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkAborted } from '../../system/abort.ts';
import { fromText } from '../../system/byte-string.ts';
import { type CellarmanError, isFailure } from '../../system/errors.ts';
import { acquireFileLock } from '../../system/file-lock.ts';
import { type HeldLock, heldLock } from '../../system/held-lock.ts';

/**
 * Barman's locks: flock(2) on files of these names, so that both programs can work on one catalogue. `xlogdb` and
 * `sync-wal` are waited for, the others are taken at once or not at all.
 */
export type ServerLockName = 'backup' | 'cron' | 'archive-wal' | 'receive-wal' | 'xlogdb' | 'sync-wal';

export interface LockSite {
  /** `barman_lock_directory` */
  readonly directory: string;
  readonly server: string;
}

export function serverLockPath({ directory, server }: LockSite, name: ServerLockName): string {
  return join(directory, `.${server}-${name}.lock`);
}

/** The lock of a single backup: whoever checks, keeps or deletes it holds it alone, whoever restores or verifies it shares it. */
export function backupLockPath({ directory, server }: LockSite, id: string): string {
  return join(directory, `.${server}-${id}.lock`);
}

/** Barman has none like it: held while a run of `restore` makes a destination its own. */
export function restoreLockPath({ directory, server }: LockSite): string {
  return join(directory, `.${server}-restore.lock`);
}

/** The lock of everything that changes the configuration files. */
export function configLockPath(directory: string): string {
  return join(directory, '.config-update.lock');
}

/** @throws LOCKED where another process holds it, with its number. */
export function takeLock(path: string): Promise<HeldLock> {
  return acquireFileLock(fromText(path));
}

/** Waits until the other process is done. @throws ABORTED */
export function waitForLock(path: string, signal?: AbortSignal): Promise<HeldLock> {
  return acquireFileLock(fromText(path), { wait: true, signal });
}

/** Milliseconds for which somebody may hold the lock of a backup who only looks at it, and between two attempts. */
const PATIENCE = 5000;
const PAUSE = 100;

/**
 * While it is held nobody, Barman included, removes the backup; others may read it, too.
 * @throws LOCKED where somebody goes on holding it alone; ABORTED
 */
export async function shareBackup(site: LockSite, id: string, signal: AbortSignal): Promise<HeldLock> {
  const path = fromText(backupLockPath(site, id));
  for (const end = Date.now() + PATIENCE; ; await sleep(PAUSE)) {
    checkAborted(signal);
    try {
      return await acquireFileLock(path, { shared: true, signal });
    } catch (error) {
      if (!isFailure(error, 'LOCKED') || Date.now() >= end) throw error;
    }
  }
}

/**
 * What a restore locks, which has to be possible from a catalogue that cannot be written to as well: then it gets a lock
 * that holds nobody off. @param onUnlocked is told why. @throws LOCKED, ABORTED
 */
export async function lockIfWritable(
  lock: Promise<HeldLock>,
  onUnlocked: (error: CellarmanError) => void,
): Promise<HeldLock> {
  try {
    return await lock;
  } catch (error) {
    if (!isFailure(error, 'PERMISSION_DENIED', 'READ_ONLY', 'NOT_FOUND', 'NO_SPACE')) throw error;
    onUnlocked(error);
    return heldLock(() => {});
  }
}
