import type { SyncReport } from '../../sync/report.ts';
import { toText } from '../../system/byte-string.ts';
import type { BackupFields } from '../catalogue/backup-fields.ts';
import type { CopyStatistics } from '../catalogue/field.ts';
import type { Moment } from '../catalogue/moment.ts';
import type { ServerConfig } from '../config/configuration.ts';
import type { WalPlace } from './events.ts';
import type { ServerFacts } from './server-facts.ts';

/** What a new backup says of the server. */
export function describeServer(
  server: Pick<ServerConfig, 'name'>,
  { identity, files, tablespaces, summarizeWal }: ServerFacts,
  clusterSize: number | null,
  name: string | undefined,
): Partial<BackupFields> {
  const listed = tablespaces.map(({ oid, name, location }) => ({
    oid,
    name: toText(name),
    location: toText(location),
  }));
  return {
    backup_name: name ?? null,
    mode: 'rsync-concurrent',
    server_name: server.name,
    systemid: identity.systemIdentifier,
    version: identity.version.major * 10_000 + identity.version.minor,
    pgdata: toText(identity.dataDirectory),
    config_file: toText(files.main),
    hba_file: toText(files.hba),
    ident_file: toText(files.ident),
    included_files: files.included.length === 0 ? null : files.included.map(toText),
    tablespaces: listed.length === 0 ? null : listed,
    xlog_segment_size: identity.walSegmentSize,
    cluster_size: clusterSize,
    data_checksums: identity.checksums ? 'on' : 'off',
    summarize_wal: summarizeWal,
  };
}

/** Where its WAL begins and ends. */
export function describeWal(begin: WalPlace, end: WalPlace): Partial<BackupFields> {
  return {
    begin_wal: begin.segment,
    begin_xlog: begin.lsn,
    begin_offset: begin.offset,
    end_wal: end.segment,
    end_xlog: end.lsn,
    end_offset: end.offset,
  };
}

/** A moment of the server's clock (microseconds since the epoch), told in this host's time. */
export function momentAt(epoch: number): Moment {
  return { epoch, offset: -new Date(epoch / 1000).getTimezoneOffset() };
}

/** What Barman keeps of a copy, in seconds. Everything is copied at once here, so that no part has a time of its own. */
export function statistics({ scanTime, time }: SyncReport, jobs: number): CopyStatistics {
  const seconds = time / 1000;
  return new Map<string, number | ReadonlyMap<string, number>>([
    ['total_time', seconds],
    ['number_of_workers', jobs],
    ['analysis_time', scanTime / 1000],
    ['analysis_time_per_item', new Map([['pgdata', scanTime / 1000]])],
    ['copy_time', seconds],
    ['copy_time_per_item', new Map([['pgdata', seconds]])],
    ['serialized_copy_time', seconds],
    ['serialized_copy_time_per_item', new Map([['pgdata', seconds]])],
  ]);
}
