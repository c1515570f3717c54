import type { Command } from 'commander';
import { manifestForBackup } from '../../manager/backup-manifest/for-backup.ts';
import { Catalogue } from '../../manager/catalogue/catalogue.ts';
import { findBackup } from '../../manager/catalogue/designation.ts';
import type { Context } from '../context.ts';
import { runManager, serverNamed } from '../manager-session.ts';

const ABOUT = `
Reads every file of the backup and writes data/backup_manifest, with SHA-256 of each, as PostgreSQL's own base backups
have it. "pg_verifybackup -n" of the same major version then checks a restored copy.`;

/** `cellarman generate-manifest` */
export function define(command: Command, context: Context): void {
  command
    .argument('<server_name>', 'the server')
    .argument('<backup_id>', 'ID or name of a backup, latest, oldest, last-full or last-failed')
    .addHelpText('after', ABOUT);
  command.action(async (name: string, designation: string) => {
    await runManager(command, context, async (session) => {
      const { configuration, messages, signal } = session;
      const server = serverNamed(name, session);
      if (server === undefined) return;
      const catalogue = new Catalogue(server, configuration.global);
      const backup = findBackup((await catalogue.read()).backups, designation, name);
      const jobs = server.own.lanes ?? server.options.parallel_jobs;
      const { files } = await manifestForBackup({ layout: catalogue.layout, backup, jobs, signal });
      messages.info(`Backup manifest for backup '${backup.id}' successfully generated for server '${name}'`);
      messages.result(name, { backup_id: backup.id, files });
    });
  });
}
