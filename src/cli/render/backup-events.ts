import type { BackupEvent } from '../../manager/backup/events.ts';
import type { ServerConfig } from '../../manager/config/configuration.ts';
import type { Surroundings } from '../context.ts';
import { archiveTeller } from './archive.ts';
import type { Messages } from './messages.ts';
import { prettyDuration, prettySize } from './pretty.ts';
import { canShowProgress, ProgressLine } from './progress.ts';

/** Tells how a backup goes, in Barman's words, which people and monitoring know. */
export function backupTeller(
  { name, options }: ServerConfig,
  messages: Messages,
  { stderr, env }: Pick<Surroundings, 'stderr' | 'env'>,
): (event: BackupEvent) => void {
  const tellArchive = archiveTeller(name, messages);
  const line =
    messages.format === 'console' && canShowProgress(stderr, env) ? new ProgressLine(stderr) : undefined;
  return (event) => {
    if (event.type === 'progress') return line?.update(event.progress);
    line?.clear();
    switch (event.type) {
      case 'orphans':
        for (const id of event.ids)
          messages.warning(`Backup ${id} was never finished and is marked as FAILED: its process has died`);
        return;
      case 'starting':
        return messages.info(
          `Starting backup using rsync-concurrent method for server ${name} in ${event.directory}`,
        );
      case 'checkpoint':
        return messages.info(
          event.waited === 0
            ? `Waiting for the checkpoint of PostgreSQL, which it spreads over ${prettyDuration(event.longest)}; --immediate-checkpoint does it at once`
            : `Waiting for the checkpoint of PostgreSQL: ${prettyDuration(event.waited)} of about ${prettyDuration(event.longest)}`,
        );
      case 'started':
        return messages.info(`Backup start at LSN: ${placeText(event)}`);
      case 'copying': {
        const jobs = event.jobs > 1 ? ` (${event.jobs} jobs)` : '';
        const by = options.backup_method === 'rsync' ? 'SFTP' : 'this host';
        return messages.info(`Starting backup copy via ${by} for ${event.id}${jobs}`);
      }
      case 'copied':
        return messages.info(`Copy done (time: ${prettyDuration(event.time / 1000)})`);
      case 'stopping':
        return messages.info('Asking PostgreSQL server to finalize the backup.');
      case 'size':
        return messages.info(sizeText(event.size, event.own));
      case 'stopped':
        return messages.info(`Backup end at LSN: ${placeText(event)}`);
      case 'completed':
        return messages.info(
          `Backup completed (start time: ${localTime(event.began)}, elapsed time: ${prettyDuration(event.time / 1000)})`,
        );
      case 'waiting': {
        const most = event.seconds === undefined ? '' : ` (max: ${event.seconds} seconds)`;
        return messages.info(`Waiting for the WAL file ${event.segment} from server '${name}'${most}`);
      }
      case 'archive':
        return tellArchive(event.event);
      case 'status':
        return tellStatus(event);
      case 'purged':
        messages.info(`This is the first backup for server ${name}`);
        if (event.names.length > 0)
          messages.info('WAL segments preceding the current backup have been found:');
        for (const wal of event.names) messages.info(`\t${wal} from server ${name} has been removed`);
        return;
      case 'warning':
        return messages.warning(event.message);
    }
  };

  function tellStatus({ status, segment }: Extract<BackupEvent, { type: 'status' }>): void {
    if (status === 'WAITING_FOR_WALS') {
      messages.warning(
        `IMPORTANT: this backup is classified as WAITING_FOR_WALS, meaning that Barman has not received yet all the required WAL files for the backup consistency: ${segment} is missing.`,
      );
    } else if (status === 'FAILED') {
      messages.error(
        `The backup cannot be restored: the WAL file ${segment} is missing, and later ones are there`,
      );
    }
  }
}

const placeText = ({ lsn, segment, offset }: { lsn: string; segment: string; offset: number }): string =>
  `${lsn} (${segment}, ${offset.toString(16).toUpperCase().padStart(8, '0')})`;

function sizeText(size: number, own: number | undefined): string {
  const text = `Backup size: ${prettySize(size)}`;
  if (own === undefined || size === 0) return text;
  const saved = ((size - own) / size) * 100;
  return `${text}. Actual size on disk: ${prettySize(own)} (-${saved.toFixed(2)}% deduplication ratio).`;
}

/** As Python shows a local time. */
function localTime(milliseconds: number): string {
  const local = new Date(milliseconds - new Date(milliseconds).getTimezoneOffset() * 60_000);
  return local.toISOString().replace('T', ' ').replace('Z', '000');
}
