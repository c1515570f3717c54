import { type CellarmanError, failure } from '../../system/errors.ts';
import type { ConnectionTarget } from '../conninfo/resolve.ts';
import { type PostgresVersion, parseVersionNumber } from '../version.ts';
import { connect, type PgClient } from './connect.ts';
import { queryFailure } from './failure.ts';
import { createRow, type Row } from './row.ts';

export type QueryValue = string | number | boolean | null;

/**
 * One session of a server, with its time-outs off. Statements run one after the other. Every failure is a
 * {@link CellarmanError}; after POSTGRES_CONNECTION_LOST every further call fails with it.
 */
export interface Session extends AsyncDisposable {
  /** For people: `host:port`. */
  readonly server: string;
  readonly user: string;
  readonly version: PostgresVersion;
  /** The process that serves this session. */
  readonly backendPid: number;
  /** A pooler answered in place of the server: statements may run in different sessions of it. */
  readonly pooled: boolean;
  /** Aborted, with the error as its reason, when the connection is lost. */
  readonly lost: AbortSignal;
  all(sql: string, values?: readonly QueryValue[]): Promise<Row[]>;
  /** For statements that give exactly one row. */
  one(sql: string, values?: readonly QueryValue[]): Promise<Row>;
  /** Idempotent; never throws. */
  close(): Promise<void>;
}

export interface SessionOptions {
  readonly applicationName?: string;
  /** Closes the session; calls under way reject with ABORTED. */
  readonly signal?: AbortSignal;
}

// Of these each major knows some; the ones it does not know are not in pg_settings. Bytes are neither converted nor
// checked on their way (SQL_ASCII): paths and labels must arrive as they are on the server's disk.
const SETTINGS = `
  SELECT pg_catalog.set_config(s.name, v.setting, false)
    FROM (VALUES ('statement_timeout', '0'), ('lock_timeout', '0'), ('transaction_timeout', '0'),
                 ('idle_in_transaction_session_timeout', '0'), ('idle_session_timeout', '0'),
                 ('search_path', ''), ('client_encoding', 'SQL_ASCII'), ('DateStyle', 'ISO'),
                 ('bytea_output', 'hex'), ('max_parallel_workers_per_gather', '0')) v (name, setting)
    JOIN pg_catalog.pg_settings s ON pg_catalog.lower(s.name) = pg_catalog.lower(v.name)`;

/** Connects. POSTGRES_UNREACHABLE, POSTGRES_LOGIN_REFUSED, POSTGRES_WRONG_SERVER, POSTGRES_VERSION, CONNINFO. */
export async function openSession(target: ConnectionTarget, options: SessionOptions = {}): Promise<Session> {
  const { signal } = options;
  if (signal?.aborted) throw failure('ABORTED', undefined, signal.reason);
  const { client, server } = await connect(target, options);
  const connection = createConnection(client, server, target.user);
  const onAbort = (): void => {
    connection.fail(failure('ABORTED', undefined, signal?.reason));
    void connection.close();
  };
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    await connection.run(SETTINGS);
    const [row] = await connection.run(
      "SELECT pg_catalog.current_setting('server_version_num') AS number, pg_catalog.pg_backend_pid() AS pid",
    );
    if (row === undefined) throw failure('INTERNAL', { detail: 'PostgreSQL gave no version' });
    const version = parseVersionNumber(row.integer('number'));
    const backendPid = row.integer('pid');
    const close = async (): Promise<void> => {
      signal?.removeEventListener('abort', onAbort);
      await connection.close();
    };
    return {
      server,
      user: target.user,
      version,
      backendPid,
      // A pooler gives each client a key of its own, the server that of the process.
      pooled: client.processID !== backendPid,
      lost: connection.lost,
      all: (sql, values) => connection.run(sql, values),
      one: async (sql, values) => {
        const [first, ...more] = await connection.run(sql, values);
        if (first === undefined || more.length > 0) {
          throw failure('INTERNAL', { detail: 'PostgreSQL gave more or less than one row' });
        }
        return first;
      },
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    signal?.removeEventListener('abort', onAbort);
    await connection.close();
    throw error;
  }
}

interface Connection {
  run(sql: string, values?: readonly QueryValue[]): Promise<Row[]>;
  readonly lost: AbortSignal;
  fail(error: CellarmanError): void;
  close(): Promise<void>;
}

function createConnection(client: PgClient, server: string, user: string): Connection {
  const lost = new AbortController();
  let last: Promise<unknown> = Promise.resolve();
  let closed: Promise<void> | undefined;
  const fail = (error: CellarmanError): void => {
    if (!lost.signal.aborted) lost.abort(error);
  };
  client.on('error', (error) =>
    fail(failure('POSTGRES_CONNECTION_LOST', { server, detail: error.message }, error)),
  );

  const run = async (sql: string, values: readonly QueryValue[] = []): Promise<Row[]> => {
    // The driver must not be given a statement while another runs.
    const turn = last.then(() => {
      lost.signal.throwIfAborted();
      return client.query<Record<string, string | null>>(sql, values.length === 0 ? undefined : [...values]);
    });
    last = turn.catch(() => undefined);
    try {
      return (await turn).rows.map(createRow);
    } catch (error) {
      lost.signal.throwIfAborted();
      const translated = queryFailure(error, server, user);
      if (translated.code === 'POSTGRES_CONNECTION_LOST') fail(translated);
      throw translated;
    }
  };

  return {
    run,
    lost: lost.signal,
    fail,
    close: () => {
      closed ??= end(client, lost.signal.aborted);
      return closed;
    },
  };
}

/** How long a server gets to say goodbye, milliseconds. */
const FAREWELL = 5_000;

async function end(client: PgClient, atOnce: boolean): Promise<void> {
  const destroy = (): void => void client.connection.stream.destroy();
  if (atOnce) destroy();
  const timer = setTimeout(destroy, FAREWELL);
  try {
    await client.end();
  } catch {
    // It was gone already.
  } finally {
    clearTimeout(timer);
  }
}
