import type { Session } from './session.ts';

/** How `archive_command` has fared since the statistics were reset. Times: microseconds since the epoch. */
export interface ArchiverStatus {
  readonly archived: number;
  readonly lastArchived: ArchivedFile | undefined;
  readonly failed: number;
  readonly lastFailed: ArchivedFile | undefined;
  readonly resetAt: number | undefined;
  /** The last attempt failed: WAL is piling up. */
  readonly failing: boolean;
}

export interface ArchivedFile {
  readonly name: string;
  readonly time: number;
}

export async function archiverStatus(session: Session): Promise<ArchiverStatus> {
  const time = (column: string): string => `(extract(epoch FROM ${column}) * 1000000)::bigint AS ${column}`;
  const row = await session.one(`
    SELECT archived_count, last_archived_wal, failed_count, last_failed_wal,
           ${time('last_archived_time')}, ${time('last_failed_time')}, ${time('stats_reset')}
      FROM pg_catalog.pg_stat_archiver`);
  const file = (kind: 'archived' | 'failed'): ArchivedFile | undefined => {
    const name = row.maybe(`last_${kind}_wal`, row.text);
    const at = row.maybe(`last_${kind}_time`, row.integer);
    return name === undefined || at === undefined ? undefined : { name, time: at };
  };
  const lastArchived = file('archived');
  const lastFailed = file('failed');
  return {
    archived: row.integer('archived_count'),
    lastArchived,
    failed: row.integer('failed_count'),
    lastFailed,
    resetAt: row.maybe('stats_reset', row.integer),
    failing: lastFailed !== undefined && (lastArchived === undefined || lastFailed.time > lastArchived.time),
  };
}
