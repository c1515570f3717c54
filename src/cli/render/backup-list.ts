import { isCopied, statusOf } from '../../manager/catalogue/backup.ts';
import { formatCtime } from '../../manager/catalogue/moment.ts';
import type { ReportedBackup } from '../../manager/report/backup-report.ts';
import { prettySize } from './pretty.ts';
import type { Json } from './python-json.ts';
import { shownRetention } from './retention-status.ts';

/** Bytes of the backup with the WAL it needs itself. */
const sizeOf = ({ backup, wal }: ReportedBackup): number => (backup.fields.size ?? 0) + wal.during.bytes;

/** One line of `list-backups`, in Barman's words. */
export function backupLine(server: string, reported: ReportedBackup, why: boolean): string {
  const { backup, type, verdict, wal } = reported;
  const { backup_name: name, end_time: end } = backup.fields;
  const parts = [`${server} ${backup.id}${name === null ? '' : ` '${name}'`}`, type.charAt(0).toUpperCase()];
  if (isCopied(backup)) {
    if (end !== null) parts.push(formatCtime(end));
    parts.push(`Size: ${prettySize(sizeOf(reported))}`, `WAL Size: ${prettySize(wal.after.bytes)}`);
    if (statusOf(backup) === 'WAITING_FOR_WALS') parts.push('WAITING_FOR_WALS');
    const retention = shownRetention(verdict.status);
    if (retention !== '-') parts.push(retention);
  } else {
    parts.push(statusOf(backup));
  }
  return why ? `${parts.join(' - ')}\n\tbecause ${verdict.reason}` : parts.join(' - ');
}

/** The same for `-f json`. */
export function backupListJson(reported: ReportedBackup, why: boolean): Json {
  const { backup, type, verdict, wal } = reported;
  const { backup_name: name, end_time: end } = backup.fields;
  const common = {
    backup_id: backup.id,
    backup_name: name ?? undefined,
    backup_type: type,
    status: statusOf(backup),
    retention_reason: why ? verdict.reason : undefined,
  };
  if (!isCopied(backup)) return common;
  return {
    ...common,
    end_time: end === null ? undefined : formatCtime(end),
    end_time_timestamp: end === null ? undefined : String(Math.floor(end.epoch / 1_000_000)),
    size: prettySize(sizeOf(reported)),
    size_bytes: sizeOf(reported),
    wal_size: prettySize(wal.after.bytes),
    wal_size_bytes: wal.after.bytes,
    retention_status: shownRetention(verdict.status),
  };
}
