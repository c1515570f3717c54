import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { resolveConninfo } from '../../postgres/conninfo/resolve.ts';
import { openSession, type Session } from '../../postgres/server/session.ts';
import { checkAborted } from '../../system/abort.ts';
import { failure, isFailure } from '../../system/errors.ts';

export interface ScratchServerOrder {
  /** Directory of the server program. */
  readonly programs: string;
  readonly data: string;
  /** Empty, short, and for the server's user alone: its socket, its log. */
  readonly directory: string;
  /** Whom it runs as; undefined: as who we are. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
  readonly signal: AbortSignal;
}

/** A server that nobody but us can reach, for a look at its data. */
export interface ScratchServer extends AsyncDisposable {
  /** A superuser's. POSTGRES_* */
  session(database: string): Promise<Session>;
}

const PORT = 5432;

/**
 * What a restored configuration says of the machine it comes from does not hold here, and nothing of what this server
 * does may reach the outside.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '',
  port: String(PORT),
  unix_socket_group: '',
  unix_socket_permissions: '0700',
  ssl: 'off',
  external_pid_file: '',
  shared_preload_libraries: '',
  session_preload_libraries: '',
  local_preload_libraries: '',
  archive_mode: 'off',
  archive_cleanup_command: '',
  primary_conninfo: '',
  primary_slot_name: '',
  synchronous_standby_names: '',
  hot_standby: 'off',
  shared_buffers: '128MB',
  huge_pages: 'off',
  autovacuum: 'off',
  fsync: 'off',
  default_transaction_read_only: 'off',
  logging_collector: 'off',
  log_destination: 'stderr',
  log_min_messages: 'warning',
  log_line_prefix: '',
  lc_messages: 'C',
};

const POLL = 200;

/**
 * Starts a server and waits until it has recovered and takes connections. SERVER_NOT_STARTED with what it said last,
 * ABORTED. Whatever happens, it does not outlive this process's end.
 */
export async function startScratchServer(
  order: ScratchServerOrder,
  roles: readonly string[],
): Promise<ScratchServer> {
  const { directory, signal } = order;
  const logFile = join(directory, 'log');
  const server = launch(order, logFile);
  const ended = new Promise<void>((resolve) => {
    server.once('exit', () => resolve());
    server.once('error', () => resolve());
  });
  const quit = (): void => void server.kill('SIGQUIT');
  process.once('exit', quit);
  const stop = async (): Promise<void> => {
    if (server.pid !== undefined && server.exitCode === null && server.signalCode === null) {
      quit();
      await ended;
    }
    process.removeListener('exit', quit);
  };
  const connect = (role: string, database: string): Promise<Session> =>
    openSession(
      resolveConninfo(
        new Map([
          ['host', directory],
          ['port', String(PORT)],
          ['user', role],
          ['dbname', database],
        ]),
        // Nothing of who runs us is meant for this server.
        { environment: {}, home: directory, userName: role },
      ),
      { applicationName: 'cellarman restore test', signal },
    );
  try {
    let isOver = false;
    void ended.then(() => {
      isOver = true;
    });
    for (;;) {
      checkAborted(signal);
      if (isOver) throw failure('SERVER_NOT_STARTED', { detail: lastWords(logFile) });
      const superuser = await findSuperuser(connect, roles);
      if (superuser !== undefined) {
        return { session: (database) => connect(superuser, database), [Symbol.asyncDispose]: stop };
      }
      await setTimeout(POLL, undefined, { signal }).catch(() => checkAborted(signal));
    }
  } catch (error) {
    await stop();
    throw error;
  }
}

function launch({ programs, data, directory, user }: ScratchServerOrder, logFile: string): ChildProcess {
  const hba = join(directory, 'pg_hba.conf');
  writeFileSync(hba, 'local all all trust\n', { mode: 0o644 });
  const settings = { ...SETTINGS, unix_socket_directories: directory, hba_file: hba };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const log = openSync(logFile, 'a', 0o600);
  try {
    return spawn(join(programs, 'postgres'), ['-D', data, ...options], {
      ...user,
      cwd: directory,
      // Its own group: an interrupt of the terminal is for us, who then stop it.
      detached: true,
      stdio: ['ignore', log, log],
      env: { PATH: process.env['PATH'], TZ: process.env['TZ'], LANG: process.env['LANG'] },
    });
  } finally {
    closeSync(log);
  }
}

/** By one of the roles that may exist; undefined while the server does not take connections. */
async function findSuperuser(
  connect: (role: string, database: string) => Promise<Session>,
  roles: readonly string[],
): Promise<string | undefined> {
  let refused = 0;
  for (const role of roles) {
    try {
      await using session = await connect(role, 'template1');
      const [row] = await session.all(
        'select rolname from pg_catalog.pg_roles where rolsuper and rolcanlogin order by oid limit 1',
      );
      if (row !== undefined) return row.text('rolname');
    } catch (error) {
      if (isFailure(error, 'ABORTED')) throw error;
      if (!isFailure(error)) throw error;
      if (isFailure(error, 'POSTGRES_LOGIN_REFUSED')) refused++;
    }
  }
  if (refused < roles.length) return undefined;
  throw failure('SERVER_NOT_STARTED', { detail: `none of the roles ${roles.join(', ')} may log in` });
}

function lastWords(logFile: string): string {
  const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n');
  const telling = lines.filter((line) => /^(?:PANIC|FATAL|ERROR|HINT|DETAIL):|^postgres:/.test(line));
  return (telling.length > 0 ? telling : lines).slice(-3).join(' ').slice(0, 500) || 'it said nothing';
}
