import type { Command } from 'commander';
import { checkBackup } from '../../manager/backup/check-backup.ts';
import { Catalogue } from '../../manager/catalogue/catalogue.ts';
import { findBackup } from '../../manager/catalogue/designation.ts';
import { isFailure } from '../../system/errors.ts';
import type { Context } from '../context.ts';
import { runManager, workingServerNamed } from '../manager-session.ts';

const ABOUT = `
Says nothing where all is well. A backup that has all its WAL becomes DONE; one that can never have it, because later
WAL was archived already, becomes FAILED.`;

/** `cellarman check-backup` */
export function define(command: Command, context: Context): void {
  command
    .argument('<server_name>', 'the server')
    .argument('<backup_id>', 'ID or name of a backup, latest, oldest, last-full or last-failed')
    .addHelpText('after', ABOUT);
  command.action(async (name: string, designation: string) => {
    await runManager(command, context, async (session) => {
      const { configuration, messages } = session;
      const server = workingServerNamed(name, session);
      if (server === undefined) return;
      const catalogue = new Catalogue(server, configuration.global);
      const backup = findBackup((await catalogue.read()).backups, designation, name);
      try {
        await checkBackup(catalogue, backup);
      } catch (error) {
        if (!isFailure(error, 'LOCKED')) throw error;
        messages.error(`Another process is already working on backup ${backup.id} of server ${name}`);
      }
    });
  });
}
