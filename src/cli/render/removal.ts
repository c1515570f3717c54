import { formatCtime } from '../../manager/catalogue/moment.ts';
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
        const why =
          refusal.why === 'kept'
            ? `${refusal.id === id ? 'it' : `backup ${refusal.id}, which rests on it,`} has a current keep request. If you really want to delete this backup please remove the keep and try again.`
            : `(minimum redundancy = ${refusal.minimum}, current redundancy = ${refusal.current})`;
        const link = refusal.why === 'kept' ? 'as' : 'due to minimum redundancy requirements';
        return messages.warning(`Skipping delete of backup ${id} for server ${server} ${link} ${why}`);
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

const ctime = (at: number): string =>
  formatCtime({ epoch: at * 1000, offset: -new Date(at).getTimezoneOffset() });
