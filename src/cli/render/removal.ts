import { formatCtime } from '../../manager/catalogue/moment.ts';
import type { Refusal } from '../../manager/removal/decide.ts';
import type { RemovalEvent } from '../../manager/removal/remove-backups.ts';
import type { Messages } from './messages.ts';
import { prettyDuration } from './pretty.ts';

/** Tells of a removal in Barman's words; of a planned one in the words "would delete". */
export function removalTeller(
  server: string,
  messages: Messages,
  isPlan: boolean,
): (event: RemovalEvent) => void {
  let startedAt = 0;
  let toldOfWal = false;
  return (event) => {
    switch (event.type) {
      case 'refused': {
        const { refusal, id } = event;
        return messages.warning(
          `Skipping delete of backup ${id} for server ${server} ${because(refusal, id)}`,
        );
      }
      case 'begin':
        startedAt = event.at;
        toldOfWal = false;
        return messages.info(
          `${isPlan ? 'Would delete' : 'Deleting'} backup ${event.id} for server ${server}`,
        );
      case 'wal':
        if (!toldOfWal)
          messages.info(`${isPlan ? 'Would delete associated' : 'Delete associated'} WAL segments:`);
        toldOfWal = true;
        return messages.info(`\t${event.name}`);
      case 'wal left':
        return messages.warning(
          `No WAL of server ${server} is deleted, since what these backups need cannot be told: ${event.damaged.join(', ')}`,
        );
      case 'end': {
        const took = prettyDuration((event.at - startedAt) / 1000);
        return messages.info(
          `Deleted backup ${event.id} (start time: ${ctime(startedAt)}, elapsed time: ${took})`,
        );
      }
    }
  };
}

function because(refusal: Refusal, id: string): string {
  switch (refusal.why) {
    case 'kept': {
      const which = refusal.id === id ? 'it' : `backup ${refusal.id}, which rests on it,`;
      return `as ${which} has a current keep request. If you really want to delete this backup please remove the keep and try again.`;
    }
    case 'redundancy':
      return `due to minimum redundancy requirements (minimum redundancy = ${refusal.minimum}, current redundancy = ${refusal.current})`;
    case 'in use': {
      const who = refusal.pid === undefined ? 'another process' : `process ${refusal.pid}`;
      return `as ${who} is at work on it, such as a restore. Try again when that has ended.`;
    }
  }
}

const ctime = (at: number): string =>
  formatCtime({ epoch: at * 1000, offset: -new Date(at).getTimezoneOffset() });
