import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { runManager } from '../manager-session.ts';
import { refuseToCopy } from '../passive-node.ts';

const ABOUT = `
Not in this version: backups of a passive server are copied by Barman. The command ends with an error that says so, and
changes nothing.`;

/** `cellarman sync-backup` */
export function define(command: Command, context: Context): void {
  command
    .argument('<server_name>', 'the passive server')
    .argument('<backup_id>', 'the backup of its primary node')
    .addHelpText('after', ABOUT);
  command.action(async (name: string) => {
    await runManager(command, context, async (session) => refuseToCopy(name, 'sync-backup', session));
  });
}
