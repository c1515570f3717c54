import type { Command } from 'commander';
import { Catalogue } from '../../manager/catalogue/catalogue.ts';
import { rebuildIndex } from '../../manager/maintenance/rebuild-index.ts';
import { Compression } from '../../manager/wal/compression/compression.ts';
import type { Context } from '../context.ts';
import { isUsable, runManager, serversNamed } from '../manager-session.ts';

const ABOUT = `
Lists the files of wals/ in xlog.db again, for an index that is damaged or does not fit to the archive any more.`;

/** `cellarman rebuild-xlogdb` */
export function define(command: Command, context: Context): void {
  command.argument('<server_name...>', "servers, or 'all'");
  command.addHelpText('after', ABOUT);
  command.action(async (names: readonly string[]) => {
    await runManager(command, context, async (session) => {
      const { configuration, messages, log } = session;
      for (const server of serversNamed(names, session)) {
        if (!isUsable(server, session)) continue;
        const { name, options } = server;
        messages.info(`Rebuilding xlogdb for server ${name}`);
        const catalogue = new Catalogue(server, configuration.global);
        const { histories, labels, segments, unknown } = await rebuildIndex(
          await catalogue.walIndex(),
          catalogue.layout.wals,
          new Compression(options),
        );
        for (const path of unknown)
          log.warning(`${catalogue.layout.wals}/${path} is no part of a WAL archive`);
        messages.info(
          `Done rebuilding xlogdb for server ${name} (history: ${histories}, backup_labels: ${labels}, wal_file: ${segments})`,
        );
      }
    });
  });
}
