import {
  copyStatistics,
  type Field,
  idList,
  integer,
  moment,
  oneOf,
  quotedText,
  tablespaceList,
  text,
  textList,
} from './field.ts';

/**
 * EMPTY: created. STARTED: PostgreSQL was told. WAITING_FOR_WALS: copied, WAL up to the end not archived yet. DONE: can
 * be restored. FAILED: with its reason in `error`. SYNCING: being copied from another Barman host.
 */
export const STATUSES = ['EMPTY', 'STARTED', 'WAITING_FOR_WALS', 'DONE', 'FAILED', 'SYNCING'] as const;
export type BackupStatus = (typeof STATUSES)[number];

/**
 * Every key of `backup.info` this program knows, under Barman's names. Barman gives up on a key it does not know, so
 * nothing of our own ever goes in here.
 */
export const BACKUP_FIELDS = {
  /** The file of that name as PostgreSQL gave it at the end. */
  backup_label: quotedText,
  backup_name: text,
  /** Byte within `begin_wal`. */
  begin_offset: integer,
  begin_time: moment,
  begin_wal: text,
  begin_xlog: text,
  children_backup_ids: idList,
  /** Bytes, as PostgreSQL counted its tablespaces. */
  cluster_size: integer,
  compression: text,
  config_file: text,
  copy_stats: copyStatistics,
  data_checksums: text,
  /** Bytes of the files that no other backup has a link to. */
  deduplicated_size: integer,
  encryption: text,
  end_offset: integer,
  end_time: moment,
  end_wal: text,
  end_xlog: text,
  error: text,
  hba_file: text,
  ident_file: text,
  included_files: textList,
  /** `rsync-concurrent`, `postgres`, `snapshot-concurrent`, … */
  mode: text,
  parent_backup_id: text,
  pgdata: text,
  server_name: text,
  /** Bytes of all files. */
  size: integer,
  /** Python's text of a nested dictionary, handed on as it stands. */
  snapshots_info: text,
  status: oneOf(...STATUSES),
  summarize_wal: text,
  /** A decimal number beyond 2^53. */
  systemid: text,
  tablespaces: tablespaceList,
  timeline: integer,
  /** `server_version_num`, 150018 */
  version: integer,
  /** Bytes of a WAL segment. */
  xlog_segment_size: integer,
};

export type BackupFields = {
  readonly [K in keyof typeof BACKUP_FIELDS]: (typeof BACKUP_FIELDS)[K] extends Field<infer T>
    ? T | null
    : never;
};

export type BackupFieldName = keyof BackupFields;

/** Barman leaves the whole line out where these are null. */
export const OMITTED_WHEN_NULL: ReadonlySet<string> = new Set(['backup_name', 'snapshots_info']);
