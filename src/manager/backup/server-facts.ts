import { identifyServer, type ServerIdentity } from '../../postgres/server/identity.ts';
import { missingPrivileges } from '../../postgres/server/privileges.ts';
import type { Session } from '../../postgres/server/session.ts';
import {
  type ConfigurationFiles,
  findConfigurationFiles,
  readSettings,
} from '../../postgres/server/settings.ts';
import { listTablespaces, type Tablespace } from '../../postgres/server/tablespaces.ts';
import { failure, isFailure } from '../../system/errors.ts';

/** What a backup has to know of a server before it begins. */
export interface ServerFacts {
  readonly identity: ServerIdentity;
  readonly tablespaces: readonly Tablespace[];
  readonly files: ConfigurationFiles;
  /**
   * Bytes of all tablespaces; null where that may not be asked or takes too long. PostgreSQL looks at every file for it: it
   * is still being asked, and the session answers nothing else before.
   */
  readonly clusterSize: Promise<number | null>;
  /** `on` or `off`; null before PostgreSQL 17. */
  readonly summarizeWal: string | null;
  readonly archiveMode: string;
  /** `stats_temp_directory` of 13 and 14. */
  readonly statsTempDirectory: string | undefined;
  readonly databases: readonly Database[];
  /** Seconds over which the server spreads a checkpoint. */
  readonly checkpointTime: number;
}

export interface Database {
  readonly oid: number;
  /** Undefined for `base`. */
  readonly tablespace: number | undefined;
}

/** POSTGRES_PRIVILEGE with the GRANT that is missing. */
export async function learnServer(session: Session): Promise<ServerFacts> {
  const [missing] = (await missingPrivileges(session)).filter(
    ({ what }) => !what.includes('pg_read_all_stats'),
  );
  if (missing !== undefined) throw failure('POSTGRES_PRIVILEGE', missing);
  const settings = await readSettings(session);
  const value = (name: string): string | undefined => settings.get(name)?.value;
  const facts = {
    identity: await identifyServer(session),
    tablespaces: await listTablespaces(session),
    files: await findConfigurationFiles(session),
    databases: await listDatabases(session),
  };
  const asked = clusterSize(session);
  // Whoever awaits it sees the error.
  asked.catch(() => undefined);
  return {
    ...facts,
    clusterSize: asked,
    summarizeWal: value('summarize_wal') ?? null,
    archiveMode: value('archive_mode') ?? 'off',
    statsTempDirectory: value('stats_temp_directory'),
    checkpointTime:
      Number(value('checkpoint_timeout') ?? 0) * Number(value('checkpoint_completion_target') ?? 1),
  };
}

const DEFAULT_TABLESPACE = 1663;

export async function listDatabases(session: Session): Promise<Database[]> {
  const rows = await session.all('SELECT oid, dattablespace FROM pg_catalog.pg_database ORDER BY oid');
  return rows.map((row) => {
    const tablespace = row.integer('dattablespace');
    return {
      oid: row.integer('oid'),
      tablespace: tablespace === DEFAULT_TABLESPACE ? undefined : tablespace,
    };
  });
}

/** Milliseconds after which it is not worth waiting for. */
const PATIENCE = 60_000;

async function clusterSize(session: Session): Promise<number | null> {
  const limit = (value: number): Promise<unknown> =>
    session.all("SELECT pg_catalog.set_config('statement_timeout', $1, false)", [String(value)]);
  await limit(PATIENCE);
  try {
    const row = await session.one(
      'SELECT sum(pg_catalog.pg_tablespace_size(oid))::bigint AS size FROM pg_catalog.pg_tablespace',
    );
    return row.integer('size');
  } catch (error) {
    if (isFailure(error, 'POSTGRES_QUERY', 'POSTGRES_PRIVILEGE')) return null;
    throw error;
  } finally {
    if (!session.lost.aborted) await limit(0);
  }
}
