import { connect, type Target } from '../../ssh/connect.ts';
import type { Connection } from '../../ssh/connection.ts';
import { openSession } from '../../ssh/sftp/session.ts';
import { SessionPool } from '../../ssh/sftp/session-pool.ts';
import { type ByteString, toText } from '../../system/byte-string.ts';
import { type CellarmanError, isFailure } from '../../system/errors.ts';
import type { Endpoint } from '../endpoint.ts';
import { reconnecting } from './reconnecting.ts';
import type { Reconnection } from './reconnector.ts';
import { sftpEndpoint } from './sftp.ts';

/** Where connections to a host come from: one at a time, which all who ask share. */
export interface Line {
  /** Seconds of silence that are put up with; see ReachOptions. */
  readonly timeout: number;
  /** There is another connection after a loss. */
  readonly renewable: boolean;
  /** A connection that works, as far as can be known. */
  connection(): Promise<Connection>;
  /** A connection was lost; of those who share it, the first to notice counts. */
  lost(connection: Connection, error: CellarmanError): void;
  close(): Promise<void>;
}

export function newLine(
  target: Target,
  signal: AbortSignal,
  onLost: (error: CellarmanError) => void = () => {},
): Line {
  let connecting: Promise<Connection> | undefined;
  let current: Connection | undefined;
  return {
    timeout: target.timeout,
    renewable: true,
    connection() {
      connecting ??= connect(target, { signal }).then(
        (connection) => {
          current = connection;
          return connection;
        },
        (error) => {
          connecting = undefined;
          throw error;
        },
      );
      return connecting;
    },
    lost(connection, error) {
      if (connection !== current) return;
      connecting = undefined;
      current = undefined;
      void connection.close();
      onLost(error);
    },
    async close() {
      const connection = await connecting?.catch(() => undefined);
      await connection?.close();
    },
  };
}

/** The connection of somebody else, who also closes it. */
export function adoptedLine(connection: Connection): Line {
  return {
    timeout: 0,
    renewable: false,
    connection: async () => connection,
    lost() {},
    close: () => connection.close(),
  };
}

/** Things made on the connections of a line, one after the other. */
export function onLine<T>(
  line: Line,
  make: (connection: Connection) => Promise<T>,
  discard: (lost: T) => void,
  signal: AbortSignal,
): Reconnection<T> {
  let used: Connection | undefined;
  return {
    renewable: line.renewable,
    signal,
    async open() {
      const connection = await line.connection();
      used = connection;
      try {
        return await make(connection);
      } catch (error) {
        // The next attempt shall not get a dead one again.
        if (isFailure(error, 'CONNECTION_LOST')) line.lost(connection, error);
        throw error;
      }
    },
    onLost(lost, error) {
      discard(lost);
      if (used !== undefined) line.lost(used, error);
    },
  };
}

/** The tree below an absolute path of a host; it survives the loss of its connection. */
export function openRemote(
  line: Line,
  root: ByteString,
  signal: AbortSignal,
  onClosed: () => Promise<void>,
): Promise<Endpoint> {
  return reconnecting(
    onLine(
      line,
      (connection) => treeOn(connection, root, line.timeout, signal),
      (tree) => void tree.close(),
      signal,
    ),
    onClosed,
  );
}

async function treeOn(
  connection: Connection,
  root: ByteString,
  timeout: number,
  signal: AbortSignal,
): Promise<Endpoint> {
  const { host, maxChannels } = connection;
  const another = async () => openSession(await connection.openChannel(signal), { host, timeout, signal });
  return sftpEndpoint(
    new SessionPool(await another(), another, maxChannels),
    root,
    `${host}:${toText(root)}`,
  );
}
