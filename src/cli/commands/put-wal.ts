import type { Command } from 'commander';
import { layoutOf } from '../../manager/catalogue/layout.ts';
import { Compression } from '../../manager/wal/compression/compression.ts';
import { putWal } from '../../manager/wal/put/put.ts';
import type { Context } from '../context.ts';
import { runManager, serverNamed } from '../manager-session.ts';

const ABOUT = `
Reads a tar from standard input, with WAL files and their checksums in SHA256SUMS or MD5SUMS, as barman-wal-archive sends
it over ssh, and puts the files into the incoming directory of the server: all of them, on the disk, or none.`;

/** `cellarman put-wal` */
export function define(command: Command, context: Context): void {
  command
    .argument('<server_name>', 'the server')
    .option('-t, --test', 'only tell whether WAL would be taken')
    .addHelpText('after', ABOUT);
  command.action(async (name: string, { test = false }: { readonly test?: boolean }) => {
    await runManager(command, context, async (session) => {
      const { messages } = session;
      const server = serverNamed(name, session);
      if (server === undefined) return;
      const { options, disabledBecause } = server;
      if (!options.active) return messages.error(`Inactive server '${name}'`);
      if (disabledBecause.length > 0)
        return messages.error(`Disabled server '${name}': ${disabledBecause.join('; ')}`);
      if (options.primary_ssh_command !== null)
        return messages.error(`Server '${name}' is passive: its WAL comes from its primary node`);
      if (test) return messages.info(`Ready to accept WAL files for the server ${name}`);
      for (const put of await putWal(process.stdin, layoutOf(options), new Compression(options))) {
        if (put.outcome !== 'duplicate') continue;
        messages.warning(
          `${put.name} is already in the incoming directory of server ${name} with another content. File moved to errors directory.`,
        );
      }
    });
  });
}
