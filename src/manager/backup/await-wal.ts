import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { archiverStatus } from '../../postgres/server/archiver.ts';
import { checkAborted } from '../../system/abort.ts';
import { isFailure } from '../../system/errors.ts';
import type { Backup } from '../catalogue/backup.ts';
import type { BackupStatus } from '../catalogue/backup-fields.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { Layout } from '../catalogue/layout.ts';
import type { ServerConfig } from '../config/configuration.ts';
import type { Hooks } from '../hooks/hooks.ts';
import { openDatabase } from '../server/database.ts';
import { archiveWal } from '../wal/archive/archive.ts';
import { checkBackup, missingWal } from './check-backup.ts';
import type { BackupEvent } from './events.ts';

export interface Patience {
  /** Wait until the WAL is there, however long that takes or for `seconds`. */
  readonly wait: boolean;
  readonly seconds: number | undefined;
}

/** Seconds that a server which archives without trouble gets in any case. */
const USUAL = 30;
/** Milliseconds between two looks, which grow: archiving a segment takes a server a moment, or there is trouble. */
const FIRST_PAUSE = 25;
const LONGEST_PAUSE = 500;
/** Of these looks every so many comes with a question to the server, the first of them soon. */
const ASK_EVERY = 10;
const ASK_AT = 6;

/**
 * Archives what arrives until a backup has all its WAL, or patience ends; its status then. Without `wait` it ends also
 * when the server's archive_command fails.
 */
export async function awaitWal(
  server: ServerConfig,
  catalogue: Catalogue,
  backup: Backup,
  hooks: Hooks,
  patience: Patience,
  tell: (event: BackupEvent) => void,
  signal: AbortSignal,
): Promise<BackupStatus> {
  const seconds = patience.wait ? patience.seconds : USUAL;
  const deadline = seconds === undefined ? Number.POSITIVE_INFINITY : Date.now() + seconds * 1000;
  let failures = 0;
  for (let look = 0; ; look++) {
    const awaited = (await missingWal(catalogue.layout, backup))?.segment;
    if (look === 0 || (awaited !== undefined && hasArrived(catalogue.layout, awaited)))
      await archive(server, catalogue, hooks, tell, signal);
    const status = await checkBackup(catalogue, backup).catch(whileLocked);
    const segment = (await missingWal(catalogue.layout, backup))?.segment;
    if (status !== 'WAITING_FOR_WALS') {
      tell({ type: 'status', status, segment });
      return status;
    }
    if (look === 0 && segment !== undefined)
      tell({ type: 'waiting', segment, seconds: patience.wait ? patience.seconds : undefined });
    const trouble = look % ASK_EVERY === ASK_AT ? await archivingTrouble(server, signal) : undefined;
    if (trouble !== undefined && trouble.failed > failures) {
      failures = trouble.failed;
      const message = `archive_command of server '${server.name}' has failed ${failures} times, the last time for ${trouble.name}: see the log of PostgreSQL`;
      tell({ type: 'warning', message });
    }
    if (Date.now() >= deadline || (failures > 0 && !patience.wait)) {
      tell({ type: 'status', status, segment });
      return status;
    }
    const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** look);
    await setTimeout(pause, undefined, { signal }).catch(() => checkAborted(signal));
  }
}

/** Somebody else, such as cron, is looking at the same backup at this moment. */
function whileLocked(error: unknown): BackupStatus {
  if (!isFailure(error, 'LOCKED')) throw error;
  return 'WAITING_FOR_WALS';
}

function hasArrived({ incoming, streaming }: Layout, segment: string): boolean {
  return [incoming, streaming].some((directory) => existsSync(join(directory, segment)));
}

async function archive(
  server: ServerConfig,
  catalogue: Catalogue,
  hooks: Hooks,
  tell: (event: BackupEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const event of archiveWal(server, catalogue, hooks, signal)) tell({ type: 'archive', event });
  } catch (error) {
    // Another run is doing just this.
    if (!isFailure(error, 'LOCKED')) throw error;
  }
}

/** How the archiver of the server fares; undefined where it does well, or cannot be asked. */
async function archivingTrouble(
  server: ServerConfig,
  signal: AbortSignal,
): Promise<{ readonly failed: number; readonly name: string } | undefined> {
  try {
    await using session = await openDatabase(server, 'wal_conninfo', signal);
    const { failing, failed, lastFailed } = await archiverStatus(session);
    return failing && lastFailed !== undefined ? { failed, name: lastFailed.name } : undefined;
  } catch (error) {
    if (!isFailure(error) || isFailure(error, 'ABORTED')) throw error;
    return undefined;
  }
}
