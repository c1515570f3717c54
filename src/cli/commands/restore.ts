import type { Command } from 'commander';
import { Catalogue } from '../../manager/catalogue/catalogue.ts';
import type { ServerConfig } from '../../manager/config/configuration.ts';
import { backupEnvironment, recoveryEnvironment } from '../../manager/hooks/environment.ts';
import { Hooks } from '../../manager/hooks/hooks.ts';
import type { Restored } from '../../manager/restore/options.ts';
import { planRestore, type RestoreRequest } from '../../manager/restore/plan-restore.ts';
import { restore } from '../../manager/restore/restore.ts';
import { restoreCommand } from '../../manager/restore/restore-command.ts';
import { parseRelocations } from '../../manager/restore/tablespaces.ts';
import { parseTarget, parseTimelineWish } from '../../manager/restore/target.ts';
import { describeTarget } from '../../manager/restore/unreachable.ts';
import { hostOfCommand } from '../../manager/server/host.ts';
import { archiveWal } from '../../manager/wal/archive/archive.ts';
import { Compression } from '../../manager/wal/compression/compression.ts';
import { localSite } from '../../sync/endpoints/local-site.ts';
import type { Site } from '../../sync/endpoints/site.ts';
import { DEFAULT_JOBS } from '../../sync/workers/threads.ts';
import { toText } from '../../system/byte-string.ts';
import { failure, isFailure } from '../../system/errors.ts';
import type { Context } from '../context.ts';
import { type ManagerSession, runManager, serverNamed } from '../manager-session.ts';
import { declareOptions } from '../option-table.ts';
import { describePlan, restoreTeller } from '../render/restore.ts';
import { planJson, tellResult } from '../render/restore-result.ts';
import { newRestoreDraft, RESTORE_OPTIONS, type RestoreDraft } from './restore-options.ts';

const ABOUT = `
Restores a backup into DEST, on this host or over SFTP on another one. What cannot succeed is refused before anything is
copied. WAL is taken as far as the target needs it. Every file is compared with the manifest of the backup; what is
damaged is taken from another backup that holds the same. A restore that was interrupted is gone on with by the same
command. When it ends, all is on the disk: over SFTP by an fsync for each file, or by "sync -f" where the account has a
shell for that.

--target-time takes what PostgreSQL takes: "2026-11-22 15:17:47+01", "Nov 22 2026 3:17 PM CET", "yesterday 10:00".

Examples:
    cellarman restore main latest /var/lib/postgresql/17/main
    cellarman restore main auto /srv/pg --target-time '2026-11-22 15:17:47+01' --target-action promote
    cellarman restore main latest /srv/pg --remote-ssh-command 'ssh postgres@db2'
    cellarman restore main auto /srv/pg --target-lsn 0/3000060 --dry-run`;

/** `cellarman restore`, `cellarman recover` */
export function define(command: Command, context: Context): void {
  const draft = newRestoreDraft();
  command
    .argument('<server_name>', 'the server')
    .argument('<backup_id>', 'ID or name of a backup, latest, oldest, or auto: chosen by the target')
    .argument('<destination>', 'the data directory to make')
    .addHelpText('after', ABOUT);
  declareOptions(command, RESTORE_OPTIONS, draft);
  command.action(async (name: string, designation: string, destination: string) => {
    await runManager(command, context, async (session) => {
      const server = serverNamed(name, session);
      if (server === undefined) return;
      if (server.disabledBecause.length > 0)
        throw failure('USAGE', { detail: `Disabled server '${name}': ${server.disabledBecause.join('; ')}` });
      const request = requestOf(server, designation, destination, draft);
      await run(server, request, draft, session, context);
    });
  });
}

function requestOf(
  server: ServerConfig,
  designation: string,
  destination: string,
  draft: RestoreDraft,
): RestoreRequest {
  const usage = (detail: string): Error => failure('USAGE', { detail });
  if (destination.includes(':')) {
    throw usage(
      `the destination ${destination} must not contain a colon; a host is given by --remote-ssh-command`,
    );
  }
  const target = parseTarget(draft.target, new Date());
  const timeline = draft.timeline === undefined ? undefined : parseTimelineWish(draft.timeline);
  const pointInTime = target.kind !== 'end' || timeline !== undefined;
  if (draft.action !== undefined && !pointInTime)
    throw usage("Can't enable recovery target action when PITR is not required");
  if (draft.exclusive && !['time', 'xid', 'lsn'].includes(target.kind))
    throw usage('--exclusive goes with --target-time, --target-xid or --target-lsn');
  return {
    server: server.name,
    designation,
    destination,
    target,
    exclusive: draft.exclusive,
    timeline,
    relocations: parseRelocations(draft.tablespaces),
    delta: draft.delta ?? server.options.recovery_options.has('delta-restore'),
    getWal: draft.getWal ?? server.options.recovery_options.has('get-wal'),
    standby: draft.standby,
    stagingWalDirectory: draft.stagingWalDirectory,
  };
}

async function run(
  server: ServerConfig,
  request: RestoreRequest,
  draft: RestoreDraft,
  session: ManagerSession,
  context: Context,
): Promise<void> {
  const { configuration, messages, signal, flags } = session;
  const { name, options } = server;
  const catalogue = new Catalogue(server, configuration.global);
  const hooks = new Hooks(server, { mainFile: configuration.mainFile, log: session.log });
  const compression = new Compression(options);
  const began = new Date();
  if (!draft.dryRun) await archive(server, catalogue, hooks, session);
  await using site = await siteOf(server, draft, session);
  const { backups } = await catalogue.read();
  const plan = await planRestore(request, backups, catalogue.layout, compression, site);
  if (draft.dryRun) for (const line of describePlan(plan)) messages.info(line);
  messages.result('plan', planJson(plan));
  if (draft.dryRun) return;

  const { id } = plan.examined.backup;
  const where = draft.remoteCommand === undefined ? 'local' : 'remote';
  messages.info(`Starting ${where} restore for server ${name} using backup ${id}`);
  messages.info(`Destination directory: ${toText(plan.place.path)}`);
  if (draft.remoteCommand !== undefined) messages.info(`Remote command: ${draft.remoteCommand}`);
  if (request.target.kind !== 'end') messages.info(`Recovery target: ${describeTarget(request.target)}`);
  if (request.timeline === undefined && plan.wal.lineage.later.length > 0) {
    messages.warning(
      `the server went on to timeline ${plan.wal.lineage.later.join(', ')}; this restore ends in timeline ${plan.wal.lineage.timeline}, --target-tli latest goes further`,
    );
  }
  const environment = recoveryEnvironment(
    backupEnvironment(catalogue.layout, plan.examined.backup, backups),
    {
      destination: toText(plan.place.path),
      tablespaces: Object.fromEntries(request.relocations),
      remoteCommand: draft.remoteCommand ?? null,
      options: hookOptions(draft),
    },
  );
  await hooks.before('recovery', environment, signal);
  let restored: Restored;
  try {
    restored = await restore(plan, catalogue.layout, compression, {
      jobs: draft.jobs ?? server.own.lanes ?? jobsOf(server),
      bandwidth: bandwidthOf(draft.bwlimit ?? options.bandwidth_limit),
      retry: {
        times: draft.retryTimes ?? options.basebackup_retry_times,
        sleep: draft.retrySleep ?? options.basebackup_retry_sleep,
      },
      restoreCommand: request.getWal ? walCommand(server, draft) : undefined,
      action: draft.action,
      settingsFile: draft.settingsFile,
      onEvent: restoreTeller(messages, context, flags.quiet),
      locks: catalogue.locks,
      signal,
    });
  } catch (error) {
    await hooks.after('recovery', environment, error, signal).catch(() => undefined);
    throw error;
  }
  await hooks.after('recovery', environment, undefined, signal);
  tellResult(plan, restored, began, server, draft.remoteCommand !== undefined, messages);
}

/** What arrived last may be what is asked for. */
async function archive(
  server: ServerConfig,
  catalogue: Catalogue,
  hooks: Hooks,
  { messages, signal }: ManagerSession,
): Promise<void> {
  if (server.options.primary_ssh_command !== null || !server.options.active) return;
  try {
    for await (const _ of archiveWal(server, catalogue, hooks, signal));
  } catch (error) {
    if (!isFailure(error) || isFailure(error, 'ABORTED')) throw error;
    if (!isFailure(error, 'LOCKED'))
      messages.warning(`WAL that has arrived could not be archived: ${error.message}`);
  }
}

async function siteOf(
  server: ServerConfig,
  draft: RestoreDraft,
  { messages, signal }: ManagerSession,
): Promise<Site> {
  if (draft.remoteCommand === undefined) return localSite();
  return hostOfCommand(draft.remoteCommand, server.own, signal, (error) =>
    messages.warning(`${error.message}; connecting again`),
  );
}

const bandwidthOf = (limit: number | null): number | undefined =>
  limit === null || limit === 0 ? undefined : limit * 1024;

function walCommand(server: ServerConfig, draft: RestoreDraft): string {
  const wishes = { remote: draft.remoteCommand !== undefined, port: draft.port, standby: draft.standby };
  const command = restoreCommand(server, wishes);
  if (command !== undefined) return command;
  throw failure('USAGE', {
    detail: `--get-wal needs wals_directory at its usual place in ${server.options.backup_directory}; leave it away to copy the WAL now`,
  });
}

/** By Barman's names. */
function hookOptions(draft: RestoreDraft): Record<string, string | number | boolean | null> {
  const { target } = draft;
  return {
    target_time: target.targetTime ?? null,
    target_xid: target.targetXid ?? null,
    target_lsn: target.targetLsn ?? null,
    target_name: target.targetName ?? null,
    target_immediate: target.targetImmediate ?? null,
    target_tli: draft.timeline ?? null,
    target_action: draft.action ?? null,
    exclusive: draft.exclusive,
    standby_mode: draft.standby,
  };
}

/** Without a word about it, as in the other copies: the server that a backup must not burden is not there. */
function jobsOf({ options, sources }: ServerConfig): number {
  return sources.get('parallel_jobs') === 'default' ? DEFAULT_JOBS : options.parallel_jobs;
}
