import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { runManager } from '../manager-session.ts';
import { refuseToCopy } from '../passive-node.ts';

const ABOUT = `
Not in this version: WAL of a passive server is copied by Barman. The command ends with an error that says so, and changes
nothing.`;

/** `cellarman sync-wals` */
export function define(command: Command, context: Context): void {
  command.argument('<server_name>', 'the passive server').addHelpText('after', ABOUT);
  command.action(async (name: string) => {
    await runManager(command, context, async (session) => refuseToCopy(name, 'sync-wals', session));
  });
}
