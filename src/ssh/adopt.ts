import type { Client } from 'ssh2';
import { failure } from '../system/errors.ts';
import type { Connection } from './connection.ts';
import { runBySsh2 } from './transports/run-by-ssh2.ts';
import { SftpChannels } from './transports/sftp-channels.ts';

/**
 * Makes a Connection of one a library caller has open already: an ssh2 `Client`, or an `ssh2-sftp-client` instance. The
 * caller keeps it: `close` here ends our channels only. Whether its host key was checked is the caller's business too.
 * USAGE for anything else.
 */
export function adopt(given: unknown): Connection {
  const client = isClient(given) ? given : property(given, 'client');
  if (!isClient(client)) {
    throw failure('USAGE', {
      detail: 'the given connection is neither an ssh2 Client nor an ssh2-sftp-client',
    });
  }
  // ssh2 leaves Nagle's algorithm on, which holds small requests back.
  client.setNoDelay(true);
  const host = hostOf(client);
  const channels = new SftpChannels(client, host);
  const close = async (): Promise<void> => channels.close();
  return {
    host,
    maxChannels: 10,
    openChannel: (signal) => channels.open(signal),
    run: (line) => runBySsh2(client, line, host),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** By its methods, not by its class: the caller may have another copy of ssh2 than this package. */
function isClient(value: unknown): value is Client {
  return ['subsys', 'setNoDelay', 'on', 'off'].every((name) => typeof property(value, name) === 'function');
}

function hostOf(client: Client): string {
  const config = property(client, 'config');
  const [user, host, port] = ['username', 'host', 'port'].map((name) => property(config, name));
  if (typeof host !== 'string') return 'the given connection';
  return `${typeof user === 'string' ? `${user}@` : ''}${host}${port === 22 || port === undefined ? '' : `:${port}`}`;
}

function property(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  // Anything may be a caller's object: the one place where a field is looked up by name only.
  return (value as Readonly<Record<string, unknown>>)[name];
}
