import { setTimeout } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import { Catalogue } from '../../manager/catalogue/catalogue.ts';
import { applyChanges } from '../../manager/config/changes-queue.ts';
import type { ServerConfig } from '../../manager/config/configuration.ts';
import { Hooks } from '../../manager/hooks/hooks.ts';
import { cleanLocks, isLockOf } from '../../manager/maintenance/clean-locks.ts';
import { maintain, planMaintenance } from '../../manager/maintenance/maintain.ts';
import { isFailure } from '../../system/errors.ts';
import type { Context } from '../context.ts';
import { type ManagerSession, runManager } from '../manager-session.ts';
import { startDetached, startForJson } from '../own-process.ts';
import { maintenanceTeller } from '../render/maintenance.ts';
import { repeatMessages } from '../render/messages.ts';

const ABOUT = `
To be run every minute, by cron(8) or a timer. For each server in processes of its own: archives WAL, looks again at
backups that wait for WAL, finishes deletions that were interrupted, and applies the retention policy. Runs that overlap
leave each other's servers alone. What takes longer than a minute goes on by itself.

Examples:
    * * * * * barman cellarman -q cron                in /etc/cron.d/cellarman`;

interface CronFlags {
  readonly keepDescriptors?: boolean;
  readonly dryRun?: boolean;
  readonly only?: string;
}

/** Milliseconds after which the next run of cron is near, and what still goes on is left to itself. */
const PATIENCE = 50_000;

/** `cellarman cron` */
export function define(command: Command, context: Context): void {
  command
    .option('--keep-descriptors', 'let WAL archiving write to the standard output and error of cron')
    .option('--dry-run', 'only show what the retention policy would remove')
    .addOption(new Option('--only <server>').hideHelp())
    .addHelpText('after', ABOUT);
  command.action(async (flags: CronFlags) => {
    await runManager(command, context, (session) => run(flags, session));
  });
}

async function run({ keepDescriptors = false, dryRun = false, only }: CronFlags, session: ManagerSession) {
  const { configuration, messages, flags } = session;
  if (!dryRun && only === undefined) await finishChanges(session);
  const servers = [...configuration.servers.values()].filter(
    (server) => (only === undefined || server.name === only) && takesPart(server, session),
  );
  if (dryRun || only !== undefined) {
    for (const server of servers) await maintainHere(server, dryRun, session);
    return;
  }
  const site = ['-c', configuration.mainFile, ...(flags.logLevel ? ['--log-level', flags.logLevel] : [])];
  const running = servers.map((server) => {
    messages.info(`Starting WAL archiving for server ${server.name}`);
    startDetached([...site, '-q', 'archive-wal', server.name], { keepDescriptors });
    if (server.options.streaming_archiver) {
      messages.info(`Streaming archiving for server ${server.name} comes with a later version of cellarman`);
    }
    return { name: server.name, ...startForJson([...site, '-f', 'json', 'cron', '--only', server.name]) };
  });
  const stop = new AbortController();
  const impatient = AbortSignal.any([stop.signal, session.signal]);
  const patience = setTimeout(PATIENCE, undefined, { signal: impatient }).catch(() => undefined);
  const told = running.map(async ({ name, ended }) => {
    const run = await Promise.race([ended, patience]);
    if (run === undefined) return;
    if (run.json !== '' && (run.status === 0 || run.status === 1)) repeatMessages(run.json, session.shown);
    else
      messages.error(
        `The maintenance of server ${name} ended with ${run.status ?? 'a signal'}: see log_file`,
      );
  });
  await Promise.all(told);
  stop.abort();
  for (const { leave } of running) leave();
  if (configuration.global.lock_directory_cleanup) {
    await cleanLocks(configuration.global.barman_lock_directory, isLockOf(configuration.servers.keys()));
  }
}

/** Changes that config-update was stopped at; they hold from the next run on. */
async function finishChanges({ configuration, messages }: ManagerSession): Promise<void> {
  try {
    await applyChanges(configuration.global, []);
  } catch (error) {
    if (!isFailure(error)) throw error;
    messages.error(error.message);
  }
}

async function maintainHere(server: ServerConfig, dryRun: boolean, session: ManagerSession): Promise<void> {
  const { configuration, messages, log, signal } = session;
  const catalogue = new Catalogue(server, configuration.global);
  const hooks = new Hooks(server, { mainFile: configuration.mainFile, log });
  const site = { server, catalogue, hooks, signal };
  const tell = maintenanceTeller(server.name, messages, dryRun);
  for await (const event of dryRun ? planMaintenance(site) : maintain(site)) tell(event);
}

/** One server's trouble is none of the others'. */
function takesPart({ name, options, disabledBecause }: ServerConfig, { messages }: ManagerSession): boolean {
  if (!options.active) messages.info(`Skipping inactive server '${name}'`);
  else if (disabledBecause.length > 0) messages.info(`Skipping temporarily disabled server '${name}'`);
  else if (options.primary_ssh_command !== null) {
    messages.info(`Skipping passive server '${name}': passive nodes come with a later version of cellarman`);
  } else return true;
  return false;
}
