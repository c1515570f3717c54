import type { Command } from 'commander';
import { Catalogue } from '../../manager/catalogue/catalogue.ts';
import { filesInTheWay } from '../../manager/maintenance/archive-use.ts';
import type { Context } from '../context.ts';
import { runManager, usableServerNamed } from '../manager-session.ts';
import { wholeNumber } from '../option-table.ts';

const ABOUT = `
Fails where WAL was archived already, with --timeline where WAL of that timeline or a later one was: a new server must
not archive to a place that holds another one's WAL.`;

/** `cellarman check-wal-archive` */
export function define(command: Command, context: Context): void {
  command
    .argument('<server_name>', 'the server')
    .option('--timeline <number>', 'the earliest timeline whose WAL counts')
    .addHelpText('after', ABOUT);
  command.action(async (name: string, { timeline: text }: { readonly timeline?: string }) => {
    const timeline = text === undefined ? undefined : wholeNumber('--timeline', text, 1);
    await runManager(command, context, async (session) => {
      const { configuration, messages } = session;
      const server = usableServerNamed(name, session);
      if (server === undefined) return;
      messages.result(name, {});
      if (messages.format === 'console') messages.info(`Server ${name}:`);
      const index = await new Catalogue(server, configuration.global).walIndex();
      const files = await filesInTheWay(index, timeline);
      if (files > 0) {
        const found =
          timeline === undefined
            ? 'Expected empty archive'
            : `Found ${files} files in WAL archive equal to or newer than timeline ${timeline}`;
        return messages.error(`WAL archive check failed for server ${name}: ${found}`);
      }
      messages.result(name, `WAL archive check for server ${name} passed`);
      if (messages.format === 'console') messages.info(` - WAL archive check for server ${name} passed`);
    });
  });
}
