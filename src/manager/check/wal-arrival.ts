import { join } from 'node:path';
import { type CellarmanError, isFailure } from '../../system/errors.ts';
import { statusOf } from '../catalogue/backup.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { namesIn } from '../catalogue/read-file.ts';
import type { ServerConfig } from '../config/configuration.ts';
import type { BackupReport } from '../report/backup-report.ts';
import { inspectArrived } from '../wal/archive/inspect-arrived.ts';
import { Compression } from '../wal/compression/compression.ts';
import { type CheckResults, failed } from './result.ts';

/** Whether WAL arrives, and is not left lying. Each line is there only when something is wrong. */
export async function* checkWalArrival(
  { name, options }: ServerConfig,
  catalogue: Catalogue,
  report: BackupReport,
): CheckResults {
  const { layout } = catalogue;
  const incoming = (await namesIn(layout.incoming)).filter(isWaiting);
  const streaming = (await namesIn(layout.streaming)).filter(isWaiting);
  const waitsForWal = report.backups.some(({ backup }) => statusOf(backup) === 'WAITING_FOR_WALS');
  // Nothing is switched or archived to find out: a check changes nothing.
  if (incoming.length + streaming.length === 0 && !waitsForWal && (await isEmpty(catalogue))) {
    const remedy =
      options.primary_ssh_command === null
        ? `, then 'cellarman switch-wal --force --archive ${name}' brings the first`
        : '';
    yield failed('WAL archive', `please make sure WAL shipping is setup${remedy}`);
  }

  const most = options.max_incoming_wals_queue;
  const tooMany = (waiting: number): string => `there are too many WALs in queue: ${waiting}, max ${most}`;
  if (!options.archiver && incoming.length > 0)
    yield failed('empty incoming directory', `'${layout.incoming}' must be empty when archiver=off`);
  if (options.archiver && most !== null && incoming.length > most)
    yield failed('incoming WALs directory', tooMany(incoming.length));
  // Continuity counts it as there, since what arrived is archived as a rule.
  if (options.archiver) {
    const stuck = await firstCutOff(layout.incoming, incoming, new Compression(options));
    if (stuck !== undefined) yield failed('incoming WALs directory', stuck.message);
  }

  // One of them is being written.
  const received = streaming.length - (streaming.some((file) => file.endsWith('.partial')) ? 1 : 0);
  if (!options.streaming_archiver && streaming.length > 0) {
    yield failed(
      'empty streaming directory',
      `'${layout.streaming}' must be empty when streaming_archiver=off`,
    );
  }
  if (options.streaming_archiver && most !== null && received > most)
    yield failed('streaming WALs directory', tooMany(received));
}

/** Only files that are not compressed: for those, a look at their beginning is enough. */
async function firstCutOff(
  directory: string,
  names: readonly string[],
  compression: Compression,
): Promise<CellarmanError | undefined> {
  for (const name of names) {
    const path = join(directory, name);
    try {
      if ((await compression.formatOf(path)) === null)
        await inspectArrived(path, name, compression, undefined);
    } catch (error) {
      if (isFailure(error, 'WAL_CUT_OFF')) return error;
      // All else the archiver tells, and most of it passes: it may just have moved the file.
    }
  }
  return undefined;
}

const isWaiting = (name: string): boolean => !name.startsWith('.') && !name.endsWith('.tmp');

async function isEmpty(catalogue: Catalogue): Promise<boolean> {
  const index = await catalogue.walIndex();
  for await (const _ of index.entries(() => undefined)) return false;
  return true;
}
