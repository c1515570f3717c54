import { isInRecovery, readSystemIdentifier } from '../../postgres/server/identity.ts';
import { missingCheckpoint, missingPrivileges } from '../../postgres/server/privileges.ts';
import { isFailure } from '../../system/errors.ts';
import type { ServerConfig } from '../config/configuration.ts';
import { openDatabase } from '../server/database.ts';
import type { Database } from './database.ts';
import { type CheckResult, type CheckResults, failed, passed, result } from './result.ts';
import { checkSlot, checkStreaming } from './streaming.ts';

/** Whether PostgreSQL lets itself be backed up. */
export async function* checkPostgres(
  server: ServerConfig,
  database: Database,
  signal: AbortSignal,
): CheckResults {
  const { options } = server;
  yield passed('PostgreSQL');
  yield await checkPrivileges(database);
  if (options.streaming_archiver || options.backup_method === 'postgres') {
    yield await checkStreaming('PostgreSQL streaming', options.streaming_conninfo, database, signal);
  }
  yield checkWalLevel('wal_level', database);
  if (options.primary_conninfo !== null) yield* checkStandby(server, database, signal);
  if (options.wal_conninfo !== null && options.wal_conninfo !== options.conninfo)
    yield* checkWalHost(server, database, signal);
  if (options.slot_name !== null) yield* checkSlot(server, database);
}

const BACKUP_PRIVILEGES = 'superuser or standard user with backup privileges';

async function checkPrivileges({ session }: Database): Promise<CheckResult> {
  const missing = await missingPrivileges(session);
  if (missing.length === 0) {
    const checkpoint = await missingCheckpoint(session);
    return passed(
      BACKUP_PRIVILEGES,
      checkpoint === undefined ? '' : `switch-wal --force needs also: ${checkpoint.remedy}`,
    );
  }
  const grants = missing.map(({ remedy }) => remedy).join('; ');
  return failed(
    'no access to backup functions',
    `privileges for PostgreSQL backup functions are required; as a superuser run: ${grants}`,
  );
}

function checkWalLevel(name: string, { settings }: Pick<Database, 'settings'>): CheckResult {
  const isEnough = settings.get('wal_level')?.value !== 'minimal';
  return result(name, isEnough, '', "please set it to a higher level than 'minimal'");
}

/** Backups come from a standby: conninfo leads to it, primary_conninfo to where its WAL comes from. */
async function* checkStandby(server: ServerConfig, database: Database, signal: AbortSignal): CheckResults {
  yield result(
    'PostgreSQL server is standby',
    database.inRecovery,
    '',
    'conninfo should point to a standby server if primary_conninfo is set',
  );
  const notStandby = 'Primary server is not a standby';
  try {
    await using primary = await openDatabase(server, 'primary_conninfo', signal);
    const remedy = 'primary_conninfo should point to a primary server, not a standby';
    yield result(notStandby, !(await isInRecovery(primary)), '', remedy);
    yield result(
      'Primary and standby have same system ID',
      (await readSystemIdentifier(primary)) === database.systemIdentifier,
      '',
      'primary_conninfo and conninfo should point to primary and standby servers which share the same system identifier',
    );
  } catch (error) {
    if (!isFailure(error) || isFailure(error, 'ABORTED')) throw error;
    yield failed(notStandby, error.message);
  }
}

/** WAL comes from another host than the backups. */
async function* checkWalHost(server: ServerConfig, database: Database, signal: AbortSignal): CheckResults {
  const { options } = server;
  const named = (name: string): string => `${name} (WAL streaming)`;
  const monitoring = 'has monitoring privileges';
  try {
    await using session = await openDatabase(server, 'wal_conninfo', signal);
    const roles = (await missingPrivileges(session)).filter(({ what }) => what.startsWith('be a member'));
    yield roles.length === 0
      ? passed(named(monitoring))
      : failed(
          named('no access to monitoring functions'),
          `as a superuser run: ${roles.map(({ remedy }) => remedy).join('; ')}`,
        );
    const streaming = options.wal_streaming_conninfo ?? options.wal_conninfo;
    yield await checkStreaming(named('PostgreSQL streaming'), streaming, database, signal);
    yield result(
      named('systemid coherence'),
      (await readSystemIdentifier(session)) === database.systemIdentifier,
      '',
      'conninfo and wal_conninfo lead to different clusters',
    );
  } catch (error) {
    if (!isFailure(error) || isFailure(error, 'ABORTED')) throw error;
    yield failed(named(monitoring), error.message);
  }
}
