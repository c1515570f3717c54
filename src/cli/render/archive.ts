import type { ArchiveEvent } from '../../manager/wal/archive/archive.ts';
import { isFailure } from '../../system/errors.ts';
import type { Messages } from './messages.ts';

const SOURCES = { file: 'file archival', streaming: 'streaming' } as const;

/** Tells what a run of the archiver does, in Barman's words, which monitoring looks for. */
export function archiveTeller(server: string, messages: Messages): (event: ArchiveEvent) => void {
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
