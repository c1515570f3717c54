import type { Command } from 'commander';
import { Catalogue } from '../../manager/catalogue/catalogue.ts';
import type { ServerConfig } from '../../manager/config/configuration.ts';
import { Hooks } from '../../manager/hooks/hooks.ts';
import { type SwitchOutcome, switchSegment } from '../../manager/maintenance/switch-wal.ts';
import { openDatabase } from '../../manager/server/database.ts';
import { archiveWal } from '../../manager/wal/archive/archive.ts';
import { awaitSegment } from '../../manager/wal/await-segment.ts';
import { isFailure } from '../../system/errors.ts';
import type { Context } from '../context.ts';
import { isUsable, type ManagerSession, runManager, serversNamed } from '../manager-session.ts';
import { wholeNumber } from '../option-table.ts';
import { archiveTeller } from '../render/archive.ts';

interface SwitchFlags {
  readonly force?: boolean;
  readonly archive?: boolean;
  readonly archiveTimeout: string;
}

const ABOUT = `
Examples:
    cellarman switch-wal --force --archive main       ends when a WAL file has arrived`;

/** `cellarman switch-wal` */
export function define(command: Command, context: Context): void {
  command
    .argument('<server_name...>', "servers, or 'all'")
    .option('--force', 'write a checkpoint first, so that there is something to switch from')
    .option('--archive', 'archive WAL until the closed segment is there')
    .option('--archive-timeout <seconds>', 'longest time to wait for it', '30');
  command.addHelpText('after', ABOUT);
  command.action(async (names: readonly string[], flags: SwitchFlags) => {
    const seconds = wholeNumber('--archive-timeout', flags.archiveTimeout, 0);
    await runManager(command, context, async (session) => {
      for (const server of serversNamed(names, session)) {
        if (!isUsable(server, session)) continue;
        const closed = await switchOn(server, flags.force ?? false, session);
        if (closed !== undefined && flags.archive) await archiveUntil(closed, seconds, server, session);
      }
    });
  });
}

/** The name of the closed segment. */
async function switchOn(
  server: ServerConfig,
  force: boolean,
  { messages, signal }: ManagerSession,
): Promise<string | undefined> {
  const { name } = server;
  let outcome: SwitchOutcome;
  try {
    await using session = await openDatabase(server, 'conninfo', signal);
    outcome = await switchSegment(session, force);
  } catch (error) {
    if (!isFailure(error) || isFailure(error, 'ABORTED')) throw error;
    messages.error(`Unable to perform pg_switch_wal for server '${name}'.\nDETAILS: ${error.message}`);
    return undefined;
  }
  if (outcome === 'standby') {
    messages.info(`No switch performed because server '${name}' is a standby.`);
  } else if (outcome === 'nothing to switch') {
    messages.info(`No switch required for server '${name}'`);
  } else {
    messages.info(`The WAL file ${outcome.closed} has been closed on server '${name}'`);
    return outcome.closed;
  }
  return undefined;
}

async function archiveUntil(
  wal: string,
  seconds: number,
  server: ServerConfig,
  { configuration, messages, log, signal }: ManagerSession,
): Promise<void> {
  const { name } = server;
  messages.info(`Waiting for the WAL file ${wal} from server '${name}' (max: ${seconds} seconds)`);
  const catalogue = new Catalogue(server, configuration.global);
  const hooks = new Hooks(server, { mainFile: configuration.mainFile, log });
  const tell = archiveTeller(name, messages);
  const archive = async (): Promise<void> => {
    try {
      for await (const event of archiveWal(server, catalogue, hooks, signal)) {
        // Every look would say that there is nothing.
        if (event.type !== 'begin' && event.type !== 'end') tell(event);
      }
    } catch (error) {
      // Somebody else is bringing it in.
      if (!isFailure(error, 'LOCKED')) throw error;
    }
  };
  if (await awaitSegment(catalogue.layout.wals, wal, seconds, archive, signal)) return;
  messages.error(`The WAL file ${wal} has not been received in ${seconds} seconds`);
}
