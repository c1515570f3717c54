import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { resolveConninfo } from '../../postgres/conninfo/resolve.ts';
import { identifySystem } from '../../postgres/server/identify-system.ts';
import { listReplicationSlots } from '../../postgres/server/replication.ts';
import { isFailure } from '../../system/errors.ts';
import { findProgram } from '../../system/find-program.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { serverLockPath } from '../catalogue/locks.ts';
import type { ServerConfig } from '../config/configuration.ts';
import { lockHolder } from '../status/lock-holder.ts';
import type { Database } from './database.ts';
import { type CheckResult, type CheckResults, failed, passed, result } from './result.ts';

/** Whether PostgreSQL would stream WAL. */
export async function checkStreaming(
  name: string,
  conninfo: string | null,
  { systemIdentifier }: Database,
  signal: AbortSignal,
): Promise<CheckResult> {
  try {
    const found = await identifySystem(resolveConninfo(conninfo ?? ''), signal);
    return result(
      name,
      found === systemIdentifier,
      '',
      'is the streaming DSN targeting the same server of the PostgreSQL connection string?',
    );
  } catch (error) {
    if (!isFailure(error) || isFailure(error, 'ABORTED')) throw error;
    return failed(name, error.message);
  }
}

/** Whether the replication slot holds WAL back while it is wanted, and only then. */
export async function* checkSlot(
  { name: server, options }: ServerConfig,
  { session }: Database,
): CheckResults {
  const name = 'replication slot';
  const { slot_name: wanted, streaming_archiver } = options;
  const slot = (await listReplicationSlots(session)).find((each) => each.name === wanted);
  if (!streaming_archiver) {
    if (slot === undefined) return;
    const state = slot.active ? 'active' : 'inactive';
    yield passed(name, `WARNING: slot '${wanted}' is ${state} but not required by the current config`);
  } else if (slot === undefined) {
    yield failed(
      name,
      `replication slot '${wanted}' doesn't exist. Please execute 'barman receive-wal --create-slot ${server}'`,
    );
  } else if (slot.restartLsn === undefined)
    yield failed(name, `slot '${wanted}' not initialised: is 'receive-wal' running?`);
  else if (!slot.active) yield failed(name, `slot '${wanted}' not active: is 'receive-wal' running?`);
  else if (slot.walStatus === 'lost') yield failed(name, `slot '${wanted}' has lost WAL: create it anew`);
  else yield passed(name);
}

/** Whether WAL is being received by the replication protocol. */
export async function* checkReceiver(
  { name, options }: ServerConfig,
  { locks }: Catalogue,
  database: Database | undefined,
): CheckResults {
  const path = findProgram('pg_receivewal', options.path_prefix);
  yield result('pg_receivexlog', path !== undefined, '', 'the program pg_receivewal is not installed');
  const version = path === undefined ? undefined : await majorOf(path);
  const server = database?.session.version.major;
  // A newer client receives from an older server, and not the other way round.
  yield result(
    'pg_receivexlog compatible',
    version !== undefined && (server === undefined || version >= server),
    '',
    `PostgreSQL version: ${server ?? 'not known'}, pg_receivexlog version: ${version ?? 'not known'}`,
  );
  const running = (await lockHolder(serverLockPath(locks, 'receive-wal'))) !== undefined;
  yield result(
    'receive-wal running',
    running,
    '',
    `'barman receive-wal ${name}' has to be running; cron starts it`,
  );
}

async function majorOf(program: string): Promise<number | undefined> {
  try {
    const { stdout } = await promisify(execFile)(program, ['--version']);
    const major = /\) (\d+)/.exec(stdout)?.[1];
    return major === undefined ? undefined : Number(major);
  } catch {
    return undefined;
  }
}
