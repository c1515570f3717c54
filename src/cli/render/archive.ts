import type { ArchiveEvent } from '../../manager/wal/archive/archive.ts';
import { isFailure } from '../../system/errors.ts';
import type { Messages } from './messages.ts';

const SOURCES = { file: 'file archival', streaming: 'streaming' } as const;

/**
 * Tells what runs of the archiver do, in Barman's words, which monitoring looks for. Who waits for a segment runs it
 * several times a second: a file that is refused each time for the same reason is told of once.
 */
export function archiveTeller(server: string, messages: Messages): (event: ArchiveEvent) => void {
  let unknown: string[] = [];
  const refusals = new Set<string>();
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
      case 'refused': {
        const { message } = event.error;
        if (refusals.has(message)) return;
        refusals.add(message);
        return messages.error(
          isFailure(event.error, 'WAL_DAMAGED') ? `${message}. File moved to errors directory.` : message,
        );
      }
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
