import type { MaintenanceEvent } from '../../manager/maintenance/maintain.ts';
import type { Messages } from './messages.ts';
import { removalTeller } from './removal.ts';

/** What `cron` says of a server, in Barman's words where Barman has any. */
export function maintenanceTeller(
  server: string,
  messages: Messages,
  isPlan: boolean,
): (event: MaintenanceEvent) => void {
  const tellRemoval = removalTeller(server, messages, isPlan);
  return (event) => {
    switch (event.type) {
      case 'busy':
        return messages.info(
          `Another cron process is already running on server ${server}. Skipping to the next server`,
        );
      case 'orphan':
        return messages.warning(
          `Nobody is making backup ${event.id} of server ${server} any more: it counts as failed`,
        );
      case 'checked':
        if (event.status === 'FAILED')
          return messages.error(
            `Backup ${event.id} of server ${server} can never be whole: later WAL was archived without it`,
          );
        return messages.info(`Checked backup ${event.id} of server ${server}: ${event.status}`);
      case 'due':
        return isPlan
          ? messages.info(`Backup ${event.id} of server ${server} has to go, because ${event.reason}`)
          : messages.info(`Enforcing retention policy: removing backup ${event.id} for server ${server}`);
      case 'removal':
        return tellRemoval(event.event);
      case 'problem':
        return messages.error(event.error.message);
    }
  };
}
