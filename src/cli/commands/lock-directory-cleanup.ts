import type { Command } from 'commander';
import { cleanLocks } from '../../manager/maintenance/clean-locks.ts';
import type { Context } from '../context.ts';
import { runManager } from '../manager-session.ts';

const ABOUT = `
Removes the lock files in barman_lock_directory that no process holds, such as those of servers which are no longer
configured. That is safe at any time, also while backups run: what a process holds stays, and a lock that is missing is
made anew by the next command that needs it.`;

/** `cellarman lock-directory-cleanup` */
export function define(command: Command, context: Context): void {
  command.addHelpText('after', ABOUT);
  command.action(async () => {
    await runManager(command, context, async ({ configuration, log }) => {
      const { barman_lock_directory: directory } = configuration.global;
      for (const name of await cleanLocks(directory)) log.info(`removed the lock file ${directory}/${name}`);
    });
  });
}
