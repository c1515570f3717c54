import { statusOf } from '../../manager/catalogue/backup.ts';
import { formatMoment, type Moment } from '../../manager/catalogue/moment.ts';
import type { BackupDetails } from '../../manager/report/backup-details.ts';
import { prettyDuration, prettyRatio, prettySize, roundHalfEven } from './pretty.ts';
import type { Json } from './python-json.ts';
import { NO_NEXT, NO_PREVIOUS, retentionOf } from './retention-status.ts';
import { verificationJson } from './verification.ts';

/** `show-backup -f json`, with Barman's keys. */
export function backupDetailsJson(details: BackupDetails): { readonly [key: string]: Json | undefined } {
  const { backup, copied, type, verification } = details;
  const { fields } = backup;
  const common = {
    backup_id: backup.id,
    backup_name: fields.backup_name ?? undefined,
    status: statusOf(backup),
    system_id: fields.systemid ?? undefined,
    server_information: { data_checksums: fields.data_checksums, summarize_wal: fields.summarize_wal },
  };
  if (!copied) return { ...common, error: fields.error ?? undefined };
  return {
    ...common,
    backup_type: type,
    ...sized('cluster_size', fields.cluster_size),
    postgresql_version: fields.version,
    pgdata_directory: fields.pgdata,
    tablespaces: (fields.tablespaces ?? []).map(({ name, location, oid }) => ({ name, location, oid })),
    base_backup_information: baseBackup(details),
    wal_information: walInformation(details),
    catalog_information: catalogInformation(details),
    verification: verification === null ? undefined : verificationJson(verification),
  };
}

/** A size for people and for programs; nothing where it is not known. */
function sized(key: string, bytes: number | null): Readonly<Record<string, Json>> {
  return bytes === null ? {} : { [key]: prettySize(bytes), [`${key}_bytes`]: bytes };
}

function timed(key: string, moment: Moment | null): Readonly<Record<string, Json>> {
  if (moment === null) return {};
  return { [key]: formatMoment(moment), [`${key}_timestamp`]: String(Math.floor(moment.epoch / 1_000_000)) };
}

function baseBackup({ backup: { fields }, size, wal, walSaving, copy }: BackupDetails): Json {
  const { during } = wal;
  return {
    backup_method: fields.mode,
    encryption: fields.encryption,
    compression: fields.compression,
    ...sized('backup_size', size.own),
    ...sized('backup_size_with_wals', size.own + during.bytes),
    ...sized('wal_size', during.bytes),
    ...sized('resources_saved', size.saved),
    resources_saved_percentage: size.savedRatio === null ? undefined : prettyRatio(size.savedRatio),
    timeline: fields.timeline,
    begin_wal: fields.begin_wal,
    end_wal: fields.end_wal,
    wal_num: during.files,
    wal_compression_ratio: walSaving.during > 0 ? prettyRatio(walSaving.during) : undefined,
    ...timed('begin_time', fields.begin_time),
    ...timed('end_time', fields.end_time),
    ...copyTimes(copy),
    begin_offset: fields.begin_offset,
    end_offset: fields.end_offset,
    begin_lsn: fields.begin_xlog,
    end_lsn: fields.end_xlog,
  };
}

function copyTimes(copy: BackupDetails['copy']): Readonly<Record<string, Json>> {
  if (copy === null) return {};
  const { analysis, throughput } = copy;
  return {
    copy_time: prettyDuration(copy.copy),
    copy_time_seconds: copy.copy,
    ...(analysis !== null && analysis >= 1
      ? { analysis_time: prettyDuration(analysis), analysis_time_seconds: analysis }
      : {}),
    ...(throughput === null
      ? {}
      : { throughput: `${prettySize(throughput)}/s`, throughput_bytes: Math.trunc(throughput) }),
    number_of_workers: copy.workers,
  };
}

function walInformation({ wal, walSaving, walRate, timelines }: BackupDetails): Json {
  return {
    no_of_files: wal.after.files,
    disk_usage: prettySize(wal.after.bytes),
    disk_usage_bytes: wal.after.bytes,
    wal_rate: walRate > 0 ? `${roundHalfEven(walRate * 3600, 2)}/hour` : 0,
    wal_rate_per_second: walRate,
    compression_ratio: walSaving.after > 0 ? prettyRatio(walSaving.after) : 0,
    last_available: wal.after.lastName ?? wal.during.lastName,
    timelines: timelines.map(String),
  };
}

function catalogInformation(details: BackupDetails): Json {
  const { type, family, previous, next } = details;
  const children = family.children.map(({ id }) => id);
  return {
    retention_policy: retentionOf(details),
    previous_backup: previous?.id ?? NO_PREVIOUS,
    next_backup: next?.id ?? NO_NEXT,
    ...(type === 'incremental'
      ? {
          root_backup_id: family.root.id,
          parent_backup_id: family.parent?.id,
          chain_size: family.chain.length,
        }
      : {}),
    // Backups that cannot have children say nothing of them.
    ...(type === 'full' || type === 'incremental'
      ? { children_backup_ids: children.length > 0 ? children : null }
      : {}),
  };
}
