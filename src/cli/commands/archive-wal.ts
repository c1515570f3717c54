import type { Command } from 'commander';
import { Catalogue } from '../../manager/catalogue/catalogue.ts';
import { Hooks } from '../../manager/hooks/hooks.ts';
import { type ArchiveEvent, archiveWal } from '../../manager/wal/archive/archive.ts';
import { isFailure } from '../../system/errors.ts';
import type { Context } from '../context.ts';
import { runManager, workingServerNamed } from '../manager-session.ts';
import type { Messages } from '../render/messages.ts';

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
      const tell = teller(name, messages);
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

const SOURCES = { file: 'file archival', streaming: 'streaming' } as const;

/** In Barman's words, which monitoring looks for. */
function teller(server: string, messages: Messages): (event: ArchiveEvent) => void {
  let unknown: string[] = [];
  return (event) => {
    switch (event.type) {
      case 'begin': {
        const size = event.batchSize > 0 ? ` (batch size: ${event.batchSize})` : '';
        unknown = [];
        return messages.info(`Processing xlog segments from ${SOURCES[event.from]} for ${server}${size}`);
      }
      case 'archived':
      case 'same':
        return messages.info(`\t${event.name}`);
      case 'duplicate':
        messages.info(`\t${event.name}`);
        return messages.info(
          `\tError: ${event.name} is already present in server ${server}. File moved to errors directory.`,
        );
      case 'unknown':
        unknown.push(event.name);
        return;
      case 'refused':
        return messages.error(
          isFailure(event.error, 'WAL_DAMAGED')
            ? `${event.error.message}. File moved to errors directory.`
            : event.error.message,
        );
      case 'stopped':
        return messages.warning(`Archiving of ${server}/${event.name} stopped: ${event.error.message}`);
      case 'end':
        if (event.files === 0) messages.info('\tno file found');
        if (unknown.length === 0) return;
        messages.info(
          `Some unknown objects have been found while processing xlog segments for ${server}. Objects moved to errors directory:`,
        );
        for (const name of unknown) messages.info(`\t${name}`);
    }
  };
}
