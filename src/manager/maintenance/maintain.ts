import { isFailure } from '../../system/errors.ts';
import { checkBackup } from '../backup/check-backup.ts';
import { failOrphans } from '../backup/orphans.ts';
import { statusOf } from '../catalogue/backup.ts';
import type { BackupStatus } from '../catalogue/backup-fields.ts';
import { serverLockPath, takeLock } from '../catalogue/locks.ts';
import { dueForRemoval } from '../removal/due.ts';
import {
  planRemovals,
  type RemovalEvent,
  type RemovalSite,
  removeBackups,
} from '../removal/remove-backups.ts';

export type MaintenanceEvent =
  /** Another run is at work on this server. */
  | { readonly type: 'busy' }
  /** A backup that nobody was making any more. */
  | { readonly type: 'orphan'; readonly id: string }
  | { readonly type: 'checked'; readonly id: string; readonly status: BackupStatus }
  | { readonly type: 'due'; readonly id: string; readonly reason: string }
  | { readonly type: 'removal'; readonly event: RemovalEvent }
  /** One step failed; the others went on. */
  | { readonly type: 'problem'; readonly error: Error };

/**
 * What a server needs now and then, its WAL aside: backups whose maker died count as failed, those that wait for WAL are
 * looked at again, unfinished removals are finished, and the retention policy is applied. Throws nothing but ABORTED.
 */
export async function* maintain(
  site: RemovalSite & { readonly server: Parameters<typeof dueForRemoval>[1] },
): AsyncGenerator<MaintenanceEvent, void, void> {
  const { catalogue } = site;
  try {
    using _lock = await takeLock(serverLockPath(catalogue.locks, 'cron'));
    for (const id of await failOrphans(catalogue)) yield { type: 'orphan', id };
    yield* checkWaiting(site);
    yield* applyRetention(site);
  } catch (error) {
    if (isFailure(error, 'LOCKED')) yield { type: 'busy' };
    else yield problem(error);
  }
}

/** What {@link maintain} would remove. */
export async function* planMaintenance(site: Omit<RemovalSite, 'hooks'>): AsyncGenerator<MaintenanceEvent> {
  const due = await dueForRemoval(site.catalogue, site.server, Date.now());
  for (const { backup, reason } of due) yield { type: 'due', id: backup.id, reason };
  const ids = due.map(({ backup }) => backup.id);
  for await (const event of planRemovals(site, ids)) yield { type: 'removal', event };
}

async function* checkWaiting({ catalogue }: RemovalSite): AsyncGenerator<MaintenanceEvent> {
  const { backups } = await catalogue.read();
  for (const backup of backups.filter((each) => statusOf(each) === 'WAITING_FOR_WALS')) {
    try {
      yield { type: 'checked', id: backup.id, status: await checkBackup(catalogue, backup) };
    } catch (error) {
      // Somebody else looks after it.
      if (!isFailure(error, 'LOCKED')) yield problem(error);
    }
  }
}

/** Judges anew before each removal: they take long, and what the policy counted on may have gone meanwhile. */
async function* applyRetention(site: RemovalSite): AsyncGenerator<MaintenanceEvent> {
  const tried = new Set<string>();
  for (;;) {
    const due = await dueForRemoval(site.catalogue, site.server, Date.now());
    const next = due.find(({ backup }) => !tried.has(backup.id));
    if (next === undefined) return;
    const { id } = next.backup;
    tried.add(id);
    yield { type: 'due', id, reason: next.reason };
    try {
      for await (const event of removeBackups(site, [id])) yield { type: 'removal', event };
    } catch (error) {
      yield problem(error);
    }
  }
}

function problem(error: unknown): MaintenanceEvent {
  if (!isFailure(error) || isFailure(error, 'ABORTED')) throw error;
  return { type: 'problem', error };
}
