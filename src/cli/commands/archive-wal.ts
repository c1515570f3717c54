import type { Command } from 'commander';
import { Catalogue } from '../../manager/catalogue/catalogue.ts';
import { Hooks } from '../../manager/hooks/hooks.ts';
import { archiveWal } from '../../manager/wal/archive/archive.ts';
import { isFailure } from '../../system/errors.ts';
import type { Context } from '../context.ts';
import { runManager, workingServerNamed } from '../manager-session.ts';
import { archiveTeller } from '../render/archive.ts';

const ABOUT = `
Takes what arrived in incoming/ (and with streaming_archiver in streaming/), compresses it as configured and enters it
into wals/ and xlog.db. Segments of another cluster, files that are not what their name says, unknown names, and files
that differ from the archived one of their name go to errors/. What was archived before, byte for byte, is removed.`;

/** `cellarman archive-wal` */
export function define(command: Command, context: Context): void {
  command.argument('<server_name>', 'the server').addHelpText('after', ABOUT);
  command.action(async (name: string) => {
    await runManager(command, context, async (session) => {
      const { configuration, messages, signal } = session;
      const server = workingServerNamed(name, session);
      if (server === undefined) return;
      const tell = archiveTeller(name, messages);
      try {
        const catalogue = new Catalogue(server, configuration.global);
        const hooks = new Hooks(server, { mainFile: configuration.mainFile, log: session.log });
        for await (const event of archiveWal(server, catalogue, hooks, signal)) tell(event);
      } catch (error) {
        if (!isFailure(error, 'LOCKED')) throw error;
        messages.info(`Another archive-wal process is already running on server ${name}`);
      }
    });
  });
}
