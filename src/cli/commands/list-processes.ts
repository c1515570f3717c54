import type { Command } from 'commander';
import { Catalogue } from '../../manager/catalogue/catalogue.ts';
import { listProcesses } from '../../manager/status/processes.ts';
import type { Context } from '../context.ts';
import { runManager, usableServerNamed } from '../manager-session.ts';

const ABOUT = `
Prints the process ID and the task (backup, cron, archive-wal, ...) of what holds a lock of the server, be it cellarman or
barman; "cellarman terminate-process" ends one. Restores are not listed.`;

/** `cellarman list-processes` */
export function define(command: Command, context: Context): void {
  command.argument('<server_name>', 'the server').addHelpText('after', ABOUT);
  command.action(async (name: string) => {
    await runManager(command, context, async (session) => {
      const { configuration, messages } = session;
      const server = usableServerNamed(name, session);
      if (server === undefined) return;
      const processes = await listProcesses(new Catalogue(server, configuration.global).locks);
      messages.result(
        name,
        processes.map(({ pid, task }) => ({ pid, name: task })),
      );
      if (messages.format === 'json') return;
      if (processes.length === 0) messages.info(`No active subprocesses found for server ${name}.`);
      else messages.info(`Active subprocesses for server ${name}:`);
      for (const { pid, task } of processes) messages.info(`${pid} ${task}`);
    });
  });
}
