import type { Command } from 'commander';
import { cleanLocks } from '../../manager/maintenance/clean-locks.ts';
import type { Context } from '../context.ts';
import { runManager } from '../manager-session.ts';

/** `cellarman lock-directory-cleanup` */
export function define(command: Command, context: Context): void {
  command.action(async () => {
    await runManager(command, context, async ({ configuration, log }) => {
      const { barman_lock_directory: directory } = configuration.global;
      for (const name of await cleanLocks(directory)) log.info(`removed the lock file ${directory}/${name}`);
    });
  });
}
