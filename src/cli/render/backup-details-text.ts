import { statusOf } from '../../manager/catalogue/backup.ts';
import { formatMoment } from '../../manager/catalogue/moment.ts';
import type { BackupDetails } from '../../manager/report/backup-details.ts';
import { prettyDuration, prettyRatio, prettySize, roundHalfEven } from './pretty.ts';
import { NO_NEXT, NO_PREVIOUS, retentionOf } from './retention-status.ts';
import { verificationLine } from './verification.ts';

type Value = string | number | null | undefined;

/** A section's lines; those without a value are left out. */
type Rows = readonly (readonly [label: string, value: Value])[];

/** `show-backup` on the console, in Barman's words and columns. */
export function backupDetailsText(details: BackupDetails, server: string): string {
  const { backup, copied } = details;
  const { fields } = backup;
  const general: Rows = [
    ['Backup Name', fields.backup_name],
    ['Server Name', server],
    ['System Id', fields.systemid],
    ['Status', statusOf(backup)],
    ['PostgreSQL Version', copied ? fields.version : null],
    ['PGDATA directory', copied ? fields.pgdata : null],
    [
      'Estimated Cluster Size',
      copied && fields.cluster_size !== null ? prettySize(fields.cluster_size) : null,
    ],
  ];
  const sections = [
    lines(general, '  ', 23),
    section('Server information', [
      ['Checksums', fields.data_checksums],
      ['WAL summarizer', fields.summarize_wal],
    ]),
    ...(copied
      ? [
          section(
            'Tablespaces',
            (fields.tablespaces ?? []).map(({ name, oid, location }) => [name, `${location} (oid: ${oid})`]),
          ),
          section('Base backup information', baseBackup(details)),
          section('WAL information', walInformation(details)),
          section('Catalog information', catalogInformation(details)),
        ]
      : [lines([['Error', fields.error]], '  ', 23)]),
  ];
  return `Backup ${backup.id}:\n${sections
    .filter((text) => text !== '')
    .join('\n')
    .trimEnd()}`;
}

function lines(rows: Rows, indent: string, width: number): string {
  return rows
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([label, value]) => `${indent}${label.padEnd(width)}: ${value}\n`)
    .join('');
}

function section(title: string, rows: Rows): string {
  const body = lines(rows, '    ', 21);
  return body === '' ? '' : `  ${title}:\n${body}`;
}

function baseBackup({ backup: { fields }, type, size, wal, walSaving, copy }: BackupDetails): Rows {
  const { during } = wal;
  const startup = copy?.analysis && copy.analysis >= 1 ? ` + ${prettyDuration(copy.analysis)} startup` : '';
  const jobs = copy && copy.workers > 1 ? ` (${copy.workers} jobs)` : '';
  return [
    ['Backup Method', fields.mode],
    ['Encryption', fields.encryption],
    ['Backup Type', type === 'full' || type === 'incremental' ? type : null],
    ['Backup Size', `${prettySize(size.own)} (${prettySize(size.own + during.bytes)} with WALs)`],
    ['Backup Compression', fields.compression],
    ['WAL Size', prettySize(during.bytes)],
    [
      'Resources saved',
      size.saved === null ? null : `${prettySize(size.saved)} (${prettyRatio(size.savedRatio ?? 0)})`,
    ],
    ['Timeline', fields.timeline],
    ['Begin WAL', fields.begin_wal],
    ['End WAL', fields.end_wal],
    ['Number of WALs', during.files],
    ['WAL compression ratio', walSaving.during > 0 ? prettyRatio(walSaving.during) : null],
    ['Begin time', fields.begin_time && formatMoment(fields.begin_time)],
    ['End time', fields.end_time && formatMoment(fields.end_time)],
    ['Copy time', copy && `${prettyDuration(copy.copy)}${startup}`],
    ['Estimated throughput', copy?.throughput ? `${prettySize(copy.throughput)}/s${jobs}` : null],
    ['Begin Offset', fields.begin_offset],
    ['End Offset', fields.end_offset],
    ['Begin LSN', fields.begin_xlog],
    ['End LSN', fields.end_xlog],
  ];
}

function walInformation({ wal, walSaving, walRate, timelines }: BackupDetails): Rows {
  return [
    ['Number of files', wal.after.files],
    ['Disk usage', prettySize(wal.after.bytes)],
    ['WAL rate', walRate > 0 ? `${roundHalfEven(walRate * 3600, 2)}/hour` : null],
    ['Compression ratio', walSaving.after > 0 ? prettyRatio(walSaving.after) : null],
    ['Last available', wal.after.lastName ?? wal.during.lastName ?? 'None'],
    ['Reachable timelines', timelines.length > 0 ? timelines.join(', ') : null],
  ];
}

function catalogInformation(details: BackupDetails): Rows {
  const { type, family, previous, next, verification } = details;
  const isIncremental = type === 'incremental';
  return [
    ['Retention Policy', retentionOf(details)],
    ['Previous Backup', previous?.id ?? NO_PREVIOUS],
    ['Next Backup', next?.id ?? NO_NEXT],
    ['Verification', verification && verificationLine(verification)],
    ['Root Backup', isIncremental ? family.root.id : null],
    ['Parent Backup', isIncremental ? family.parent?.id : null],
    ['Backup chain size', isIncremental ? family.chain.length : null],
    ['Children Backup(s)', family.children.length > 0 ? family.children.map(({ id }) => id).join(',') : null],
  ];
}
