import type { Socket } from 'node:net';
import type { Client, ClientConfig } from 'pg';
import { CellarmanError, failure } from '../../system/errors.ts';
import type { ConnectionTarget, TargetHost } from '../conninfo/resolve.ts';
import { type Attempt, attemptsFor } from '../conninfo/tls.ts';
import { causeOf, connectFailure, isSqlState } from './failure.ts';
import { loadPg } from './pg-library.ts';

/** The driver's client with what its type declarations leave out. */
export type PgClient = Client & {
  readonly processID: number | null;
  readonly connection: { readonly stream: Socket };
};

export interface Connected {
  readonly client: PgClient;
  readonly server: string;
}

export interface ConnectOptions {
  readonly applicationName?: string;
  /** Physical replication: the connection understands commands of the replication protocol, and no SQL. */
  readonly replication?: boolean;
  readonly signal?: AbortSignal;
}

/** Tries the hosts of a target, and for each the ways its sslmode allows, as libpq does. Same errors as openSession. */
export async function connect(target: ConnectionTarget, options: ConnectOptions): Promise<Connected> {
  const wanted = target.sessionAttributes;
  // Any server will do for prefer-standby, once no host has turned out to be a standby.
  const rounds = wanted === 'prefer-standby' ? (['standby', 'any'] as const) : [wanted];
  const failures: Error[] = [];
  for (const round of rounds) {
    for (const host of target.hosts) {
      const server = serverName(host);
      try {
        const client = await connectToHost(target, host, options);
        if (await suits(client, round)) return { client, server };
        await client.end();
        failures.push(failure('POSTGRES_WRONG_SERVER', { server, wanted }));
      } catch (error) {
        if (options.signal?.aborted) throw failure('ABORTED', undefined, options.signal.reason);
        failures.push(error instanceof CellarmanError ? error : connectFailure(error, server));
      }
    }
  }
  const [only, ...others] = failures.slice(-target.hosts.length);
  if (only !== undefined && others.length === 0) throw only;
  const detail = failures.map((error) => error.message).join('; ');
  throw failure('POSTGRES_UNREACHABLE', { server: target.hosts.map(serverName).join(', '), detail });
}

function serverName({ name, port }: TargetHost): string {
  return name.includes(':') ? `[${name}]:${port}` : `${name}:${port}`;
}

async function connectToHost(
  target: ConnectionTarget,
  host: TargetHost,
  options: ConnectOptions,
): Promise<PgClient> {
  const attempts = attemptsFor(target, host);
  for (const [index, attempt] of attempts.entries()) {
    try {
      return await connectOnce(target, host, attempt, options);
    } catch (error) {
      if (index === attempts.length - 1 || !otherWayMayHelp(error)) throw error;
    }
  }
  throw failure('INTERNAL', { detail: 'no way to connect' });
}

/** A server that is not there is not there in the clear either, and a wrong password is wrong both ways. */
function otherWayMayHelp(error: unknown): boolean {
  const { code } = causeOf(error);
  if (isSqlState(code)) return code === '28000';
  return (
    code !== 'ECONNREFUSED' && code !== 'ENOTFOUND' && code !== 'ENOENT' && code !== 'POSTGRES_LOGIN_REFUSED'
  );
}

async function connectOnce(
  target: ConnectionTarget,
  host: TargetHost,
  attempt: Attempt,
  { applicationName, replication, signal }: ConnectOptions,
): Promise<PgClient> {
  const value = (name: string): string | undefined => target.parameters.get(name) || undefined;
  const name = applicationName ?? value('application_name') ?? value('fallback_application_name');
  const sessionOptions = value('options');
  const config: ClientConfig & { sslnegotiation?: string; replication?: string } = {
    host: host.address ?? host.name,
    port: host.port,
    user: target.user,
    database: target.database,
    password: () => {
      if (host.password !== undefined) return host.password;
      const detail = `it asks for a password, and none is in the connection string, PGPASSWORD or the password file`;
      const why = target.passwordProblem === undefined ? detail : `${detail} (${target.passwordProblem})`;
      throw failure('POSTGRES_LOGIN_REFUSED', { server: serverName(host), detail: why });
    },
    ssl: attempt.tls ?? false,
    sslnegotiation: attempt.tls !== undefined && attempt.direct ? 'direct' : 'postgres',
    ...(name === undefined ? {} : { application_name: name }),
    ...(replication === true ? { replication: 'true' } : {}),
    ...(sessionOptions === undefined ? {} : { options: sessionOptions }),
    connectionTimeoutMillis: target.connectTimeout * 1000,
    // Firewalls cut silent connections, and a dead peer should be noticed in a backup of many hours.
    keepAlive: value('keepalives') !== '0',
    keepAliveInitialDelayMillis: Number(value('keepalives_idle') ?? 30) * 1000,
    // Every value as the text it is sent as: dates and numbers are read where they are understood.
    types: { getTypeParser: () => (text: string) => text },
  };
  const pg = loadPg();
  // The declarations lack these two members; the driver has had them since its first versions.
  const client = new pg.Client(config) as PgClient;
  // Without a listener an error between two statements would end the process; the statement after it meets it again.
  client.on('error', () => undefined);
  const onAbort = (): void => void client.connection.stream.destroy(failure('ABORTED'));
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    await client.connect();
    return client;
  } catch (error) {
    client.connection.stream.destroy();
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

async function suits(client: PgClient, wanted: ConnectionTarget['sessionAttributes']): Promise<boolean> {
  if (wanted === 'any') return true;
  const { rows } = await client.query<{ standby: string; readonly: string }>(
    "SELECT pg_catalog.pg_is_in_recovery() AS standby, pg_catalog.current_setting('transaction_read_only') AS readonly",
  );
  const standby = rows[0]?.standby === 't';
  const readOnly = standby || rows[0]?.readonly === 'on';
  if (wanted === 'standby' || wanted === 'primary') return standby === (wanted === 'standby');
  return readOnly === (wanted === 'read-only');
}
