import type { ByteString } from '../system/byte-string.ts';
import { isTemporaryRelation, parseRelationDirectory, parseRelationFileName } from './relation-path.ts';

/** Why an entry of a data directory is no part of a base backup. */
export type Exclusion =
  /** The server empties or rebuilds it: the directory is kept, its contents are not. */
  | 'contents'
  /** `pg_wal`: WAL comes from the archive. */
  | 'wal'
  /** Rebuilt at start, or a trace of the running server or of an earlier backup. */
  | 'file'
  /** Temporary files and relations of sessions. */
  | 'temporary'
  /** An unlogged relation, which is made anew from its init fork. */
  | 'unlogged';

export interface ExclusionRules {
  /**
   * `stats_temp_directory` of 13 and 14 as a path in the data directory, where it lies there and is not the default
   * `pg_stat_tmp`.
   */
  readonly statsTempDirectory?: ByteString;
}

const CONTENTS = new Set<string>([
  'pg_stat_tmp',
  'pg_replslot',
  'pg_dynshmem',
  'pg_notify',
  'pg_serial',
  'pg_snapshots',
  'pg_subtrans',
]);

const FILES = new Set<string>([
  'postgresql.auto.conf.tmp',
  'current_logfiles.tmp',
  'backup_label',
  'tablespace_map',
  'backup_manifest',
  'postmaster.pid',
  'postmaster.opts',
]);

const RELATION_CACHE = 'pg_internal.init';
const TEMPORARY = 'pgsql_tmp';
const INIT = '_init';

/**
 * What PostgreSQL's own base backup leaves out (`backup/basebackup.c`, 13 to 18), for one entry: undefined where it
 * belongs into the backup. `directory`: its path in the data directory, empty for the data directory itself, with
 * tablespaces as they are seen through `pg_tblspc`. `siblings`: all names in that directory. Entries excluded as
 * `contents` or `wal` are directories, or links to one, that a backup has as an empty directory.
 */
export function exclusionOf(
  directory: ByteString,
  name: ByteString,
  siblings: ReadonlySet<string>,
  rules: ExclusionRules = {},
): Exclusion | undefined {
  return exclusionsIn(directory, siblings, rules)(name);
}

/** {@link exclusionOf} for one entry after the other of a directory, of which there may be very many. */
export function exclusionsIn(
  directory: ByteString,
  siblings: ReadonlySet<string>,
  { statsTempDirectory }: ExclusionRules,
): (name: ByteString) => Exclusion | undefined {
  const isDatabase = parseRelationDirectory(directory)?.kind === 'database';
  const unlogged = new Set<number>();
  if (isDatabase) {
    for (const name of siblings) if (name.endsWith(INIT)) unlogged.add(Number(name.slice(0, -INIT.length)));
  }
  return (name) => {
    if (name.startsWith(TEMPORARY)) return 'temporary';
    if (FILES.has(name) || name.startsWith(RELATION_CACHE) || name === '.DS_Store') return 'file';
    if (directory === '' && name === 'pg_wal') return 'wal';
    if (CONTENTS.has(name)) return 'contents';
    if (statsTempDirectory !== undefined) {
      const path = directory === '' ? name : `${directory}/${name}`;
      if (path === statsTempDirectory) return 'contents';
    }
    if (!isDatabase) return undefined;
    if (isTemporaryRelation(name)) return 'temporary';
    const file = unlogged.size === 0 ? undefined : parseRelationFileName(name);
    if (file !== undefined && file.fork !== 'init' && unlogged.has(file.relation)) return 'unlogged';
    return undefined;
  };
}

/** The directories that a restored cluster has below an empty `pg_wal`. */
export function walDirectories(major: number): readonly string[] {
  return major >= 17 ? ['pg_wal/archive_status', 'pg_wal/summaries'] : ['pg_wal/archive_status'];
}
