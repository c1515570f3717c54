import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { appendFileSync, chownSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { binariesOf, type Major } from './postgres-binaries.ts';
import { freePort } from './sshd.ts';

export { MAJORS, type Major, postgresAvailable } from './postgres-binaries.ts';

export interface PostgresOptions {
  readonly major: Major;
  /** Data page checksums. Default true. */
  readonly checksums?: boolean;
  /** Megabytes. Default 16. */
  readonly walSegmentSize?: number;
  /** Lines of postgresql.conf, unquoted values. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  /** An existing data directory, such as a restored one, in place of a new cluster. `stop` leaves it where it is. */
  readonly dataDir?: string;
}

export interface TestPostgres {
  readonly major: Major;
  /** A superuser's, in libpq's keyword form, with no password: 127.0.0.1 is trusted. */
  readonly conninfo: string;
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly dataDir: string;
  /** Scratch directory of this server, its socket and log; owned by `uid`, removed by `stop`. */
  readonly directory: string;
  /** Whom the server runs as: nobody where the tests run as root, which PostgreSQL refuses. */
  readonly uid: number;
  readonly gid: number;
  /** Where its `initdb`, `pg_ctl` and `postgres` are. */
  readonly binDir: string;
  /** One statement, or several without parameters, over a connection of its own; rows of the last one. */
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]>;
  /** Everything the server has said so far. */
  log(): string;
  /** Adds lines to postgresql.conf; takes effect with `restart` or `pg_reload_conf()`. */
  set(settings: Readonly<Record<string, string | number | boolean>>): void;
  /** Starts after `shutDown`, on the same port; rejects with the log where the server gives up. */
  start(): Promise<void>;
  /** `fast` (default) writes a checkpoint; `immediate` is a crash. */
  shutDown(mode?: 'fast' | 'immediate'): Promise<void>;
  restart(): Promise<void>;
  /** Ends the server and removes what it made. */
  stop(): Promise<void>;
}

// Made for tests: small, and a crash of the machine in mid-test matters to nobody.
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  shared_buffers: '16MB',
  max_connections: 30,
  fsync: false,
  logging_collector: false,
  log_line_prefix: '',
};

const NOBODY = 65534;

/** A real PostgreSQL server on 127.0.0.1. Guard with `postgresAvailable()`. */
export async function startPostgres(options: PostgresOptions): Promise<TestPostgres> {
  const me = userInfo();
  const [uid, gid] = me.uid === 0 ? [NOBODY, NOBODY] : [me.uid, me.gid];
  const directory = mkdtempSync(join(tmpdir(), 'cellarman-pg-'));
  chownSync(directory, uid, gid);
  const binDir = binariesOf(options.major);
  const dataDir = options.dataDir ?? join(directory, 'data');
  const logFile = join(directory, 'log');
  const port = await freePort();
  const host = '127.0.0.1';
  let server: ChildProcess | undefined;

  const client = (): pg.Client => {
    const made = new pg.Client({ host, port, user: 'postgres', database: 'postgres' });
    // A server that goes away is told by what is rejected; without a listener it would also end this process.
    return made.on('error', () => undefined);
  };
  const log = (): string => readFileSync(logFile, 'utf8');
  const onExit = (): void => void server?.kill('SIGQUIT');

  const self: TestPostgres = {
    major: options.major,
    conninfo: `host=${host} port=${port} user=postgres dbname=postgres`,
    host,
    port,
    dataDir,
    directory,
    uid,
    gid,
    binDir,
    query: async <Row extends pg.QueryResultRow>(sql: string, values?: unknown[]) => {
      const connection = client();
      await connection.connect();
      try {
        const result: pg.QueryResult<Row> | pg.QueryResult<Row>[] = await connection.query<Row>(sql, values);
        return (Array.isArray(result) ? result.at(-1) : result)?.rows ?? [];
      } finally {
        await connection.end();
      }
    },
    log,
    set: (settings) => appendFileSync(join(dataDir, 'postgresql.conf'), confLines(settings)),
    start: async () => {
      // On the command line, so that a restored configuration need not be touched to get another port.
      const args = ['-D', dataDir, '-p', String(port), '-k', directory];
      const output = openSync(logFile, 'a');
      server = spawn(join(binDir, 'postgres'), args, {
        uid,
        gid,
        stdio: ['ignore', output, output],
        cwd: directory,
        // Programs that it calls look for settings there, and may not be allowed to in that of whoever runs the tests.
        env: { ...process.env, HOME: directory },
      });
      closeSync(output);
      await ready(server, client, log);
    },
    shutDown: async (mode = 'fast') => {
      if (server === undefined || hasEnded(server)) return;
      const exit = new Promise((resolve) => server?.once('exit', resolve));
      server.kill(mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
      await exit;
    },
    restart: async () => {
      await self.shutDown();
      await self.start();
    },
    stop: async () => {
      process.removeListener('exit', onExit);
      await self.shutDown('immediate');
      rmSync(directory, { recursive: true, force: true });
    },
  };

  try {
    if (options.dataDir === undefined) {
      const args = ['-D', dataDir, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
      args.push(`--wal-segsize=${options.walSegmentSize ?? 16}`, ...checksumArguments(options));
      execFileSync(join(binDir, 'initdb'), args, { uid, gid, cwd: directory, stdio: 'pipe' });
      self.set({ ...SETTINGS, ...options.settings });
    } else if (options.settings !== undefined) {
      self.set(options.settings);
    }
    process.once('exit', onExit);
    await self.start();
    return self;
  } catch (error) {
    await self.stop();
    throw error;
  }
}

function checksumArguments({ major, checksums = true }: PostgresOptions): string[] {
  if (checksums) return ['--data-checksums'];
  // From 18 on they are the default.
  return major >= 18 ? ['--no-data-checksums'] : [];
}

function confLines(settings: Readonly<Record<string, string | number | boolean>>): string {
  const quote = (value: string | number | boolean): string => `'${String(value).replaceAll("'", "''")}'`;
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${quote(value)}\n`)
    .join('');
}

const hasEnded = (server: ChildProcess): boolean => server.exitCode !== null || server.signalCode !== null;

/** Until it answers queries; a standby does so when it has reached consistency. */
async function ready(server: ChildProcess, client: () => pg.Client, log: () => string): Promise<void> {
  let failed: Error | undefined;
  server.once('error', (error) => {
    failed = error;
  });
  for (;;) {
    if (failed !== undefined) throw failed;
    if (hasEnded(server)) throw new Error(`PostgreSQL did not start:\n${log()}`);
    const connection = client();
    try {
      await connection.connect();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    } finally {
      await connection.end().catch(() => undefined);
    }
  }
}
