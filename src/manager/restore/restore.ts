import { setTimeout as sleep } from 'node:timers/promises';
import { type CellarmanError, isFailure } from '../../system/errors.ts';
import type { Layout } from '../catalogue/layout.ts';
import { lockIfWritable, shareBackup } from '../catalogue/locks.ts';
import type { Compression } from '../wal/compression/compression.ts';
import { examineDestination, findPlace } from './destination.ts';
import type { Restored, RestoreOptions } from './options.ts';
import type { RestorePlan } from './plan-restore.ts';
import { Restoration } from './restoration.ts';

/**
 * Carries a plan out; everything is on the disk when it resolves. What was copied when it fails stays, and the next run
 * goes on with it. Nobody removes the backup meanwhile. BACKUP_DAMAGED, WAL_DAMAGED, LOCKED, and what copying gives.
 */
export async function restore(
  plan: RestorePlan,
  layout: Layout,
  compression: Compression,
  options: RestoreOptions,
): Promise<Restored> {
  const { retry, signal, onEvent, locks } = options;
  using _backup = await lockIfWritable(shareBackup(locks, plan.examined.backup.id, signal), (error) => {
    const message = `nothing keeps others from deleting the backup during this restore: ${error.message}`;
    onEvent({ type: 'warning', message });
  });
  let current = plan;
  for (let attempt = 0; ; attempt++) {
    try {
      return await new Restoration(current, layout, compression, options).run();
    } catch (error) {
      if (attempt >= retry.times || !mayPass(error) || signal.aborted) throw error;
      const message = `${error.message}; trying again in ${retry.sleep} seconds (${attempt + 1} of ${retry.times})`;
      onEvent({ type: 'warning', message });
      await sleep(retry.sleep * 1000, undefined, { signal }).catch(() => {
        throw error;
      });
      const { request, examined } = plan;
      const place = await findPlace(request.destination, plan.place.site);
      const identity = {
        server: request.server,
        backup: examined.backup.id,
        systemIdentifier: examined.control.systemIdentifier,
      };
      current = { ...plan, place, standing: await examineDestination(place, identity, request.delta) };
    }
  }
}

/** What another attempt may find otherwise. */
function mayPass(error: unknown): error is CellarmanError {
  return isFailure(
    error,
    'CONNECTION_LOST',
    'HOST_UNREACHABLE',
    'NO_SFTP',
    'TIMEOUT',
    'PROTOCOL',
    'SSH_COMMAND_FAILED',
    'IO',
  );
}
