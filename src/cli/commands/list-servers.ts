import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { runManager } from '../manager-session.ts';
import { serverMark } from '../server-label.ts';

/** `cellarman list-servers` */
export function define(command: Command, context: Context): void {
  command.option('--minimal', 'names only');
  command.action(async ({ minimal = false }: { readonly minimal?: boolean }) => {
    await runManager(command, context, async ({ configuration, messages }) => {
      for (const server of configuration.servers.values()) {
        const description = `${server.options.description ?? ''}${serverMark(server)}`;
        messages.result(server.name, { description });
        if (messages.format === 'json') continue;
        messages.info(minimal || description === '' ? server.name : `${server.name} - ${description}`);
      }
    });
  });
}
