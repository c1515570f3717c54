import type { Command } from 'commander';
import { awaitWal } from '../../manager/backup/await-wal.ts';
import { takeBackup } from '../../manager/backup/backup.ts';
import { backupOptions } from '../../manager/backup/options.ts';
import { purgeWal } from '../../manager/backup/purge-wal.ts';
import { Catalogue } from '../../manager/catalogue/catalogue.ts';
import type { ServerConfig } from '../../manager/config/configuration.ts';
import { Hooks } from '../../manager/hooks/hooks.ts';
import { checkAborted } from '../../system/abort.ts';
import { isFailure } from '../../system/errors.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit-status.ts';
import { type ManagerSession, runManager, serversNamed, workingServerNamed } from '../manager-session.ts';
import { declareOptions } from '../option-table.ts';
import { backupTeller } from '../render/backup-events.ts';
import { backupFieldsJson } from '../render/backup-fields-json.ts';
import { BACKUP_OPTIONS, type BackupDraft } from './backup-options.ts';

const ABOUT = `
Takes a base backup of each server over SFTP (backup_method = rsync) or from this host (local-rsync). Files that have
not changed since the last backup are shared with it as reuse_backup says. What a backup that was interrupted has
copied is not copied again.

Examples:
    cellarman backup main
    cellarman backup all --reuse-backup=link --jobs 4
    cellarman backup main --name before-upgrade --wait`;

/** `cellarman backup` */
export function define(command: Command, context: Context): void {
  const draft: BackupDraft = { wishes: {}, wait: false, waitTimeout: undefined };
  command.argument('<server_name...>', 'the servers, or all').addHelpText('after', ABOUT);
  declareOptions(command, BACKUP_OPTIONS, draft);
  command.action(async (names: readonly string[]) => {
    let isDamaged = false;
    await runManager(command, context, async (session) => {
      for (const { name, options } of serversNamed(names, session)) {
        checkAborted(session.signal);
        if (options.primary_ssh_command !== null) {
          session.messages.info(`Skipping passive server '${name}'`);
          continue;
        }
        const server = workingServerNamed(name, session);
        if (server !== undefined && (await backUp(server, draft, session, context))) isDamaged = true;
      }
    });
    if (isDamaged && context.status === EXIT.success) context.status = EXIT.damagedPages;
  });
}

/** Whether the server has damaged pages. */
async function backUp(
  server: ServerConfig,
  { wishes, wait, waitTimeout }: BackupDraft,
  { configuration, messages, log, signal }: ManagerSession,
  context: Context,
): Promise<boolean> {
  const { name, options } = server;
  if (options.backup_method !== 'rsync' && options.backup_method !== 'local-rsync') {
    messages.error(
      `backup_method = ${options.backup_method} of server '${name}' is not supported yet: rsync and local-rsync are`,
    );
    return false;
  }
  const catalogue = new Catalogue(server, configuration.global);
  const hooks = new Hooks(server, { mainFile: configuration.mainFile, log });
  const tell = backupTeller(server, messages, context);
  try {
    const { backup, problem, damage } = await takeBackup(
      server,
      catalogue,
      backupOptions(server, wishes),
      hooks,
      tell,
      signal,
    );
    if (problem === undefined) {
      const patience = { wait, seconds: waitTimeout };
      const status = await awaitWal(server, catalogue, backup, hooks, patience, tell, signal);
      if (status === 'DONE') await purge(server, catalogue, hooks, tell, signal);
    }
    const { backups } = await catalogue.read();
    const last = backups.find(({ id }) => id === backup.id) ?? backup;
    for (const [key, value] of backupFieldsJson(last)) messages.result(key, value);
    if (problem !== undefined)
      messages.error(`Backup failed ${problem.action}.\nDETAILS: ${problem.error.message}`);
    return damage.length > 0;
  } catch (error) {
    if (!isFailure(error) || isFailure(error, 'ABORTED')) throw error;
    if (isFailure(error, 'LOCKED')) messages.error('Another backup process is running');
    else if (isFailure(error, 'CHECKS_FAILED')) {
      const remedy = `Check the log for more details, or run 'cellarman check ${name}'`;
      messages.error(`Impossible to start the backup. ${remedy}\nDETAILS: ${error.message}`);
    } else messages.error(`Impossible to start the backup of server '${name}': ${error.message}`);
    return false;
  }
}

async function purge(
  server: ServerConfig,
  catalogue: Catalogue,
  hooks: Hooks,
  tell: ReturnType<typeof backupTeller>,
  signal: AbortSignal,
): Promise<void> {
  const names: string[] = [];
  for await (const name of purgeWal(server, catalogue, hooks, signal)) names.push(name);
  if (names.length > 0) tell({ type: 'purged', names });
}
