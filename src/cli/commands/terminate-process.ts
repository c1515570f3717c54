import { Argument, type Command } from 'commander';
import { Catalogue } from '../../manager/catalogue/catalogue.ts';
import { endProcess } from '../../manager/maintenance/terminate.ts';
import { listProcesses } from '../../manager/status/processes.ts';
import type { Context } from '../context.ts';
import { runManager, usableServerNamed } from '../manager-session.ts';

const TASKS = ['receive-wal', 'sync-backup', 'backup', 'cron', 'archive-wal', 'sync-wal'];

const ABOUT = `
Asks the process to end, as Ctrl-C does, and waits ten seconds for it. That is safe: a backup that is ended is listed as
FAILED and is restored by nobody, older backups and the archive stay as they are, and the next backup goes on with what was
copied. WAL that waits for the archive stays in the incoming directory until the next run.`;

/** `cellarman terminate-process` */
export function define(command: Command, context: Context): void {
  command
    .argument('<server_name>', 'the server')
    .addArgument(new Argument('<task_name>', 'what the process does').choices(TASKS))
    .addHelpText('after', ABOUT);
  command.action(async (name: string, task: string) => {
    await runManager(command, context, async (session) => {
      const { configuration, messages } = session;
      const server = usableServerNamed(name, session);
      if (server === undefined) return;
      const processes = await listProcesses(new Catalogue(server, configuration.global).locks);
      const found = processes.filter((process) => process.task === task);
      if (found.length === 0) {
        messages.error(`Termination of ${task} failed: no such process for server ${name}`);
      }
      for (const { pid } of found) {
        if (await endProcess(pid)) messages.info(`Stopped process ${task}(${pid})`);
        else messages.error(`Cannot terminate process ${task}(${pid})`);
      }
    });
  });
}
