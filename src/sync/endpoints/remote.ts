import { connect, type Target } from '../../ssh/connect.ts';
import type { Connection } from '../../ssh/connection.ts';
import { openSession } from '../../ssh/sftp/session.ts';
import { SessionPool } from '../../ssh/sftp/session-pool.ts';
import { type ByteString, toText } from '../../system/byte-string.ts';
import type { CellarmanError } from '../../system/errors.ts';
import type { Endpoint } from '../endpoint.ts';
import { reconnecting } from './reconnecting.ts';
import { sftpEndpoint } from './sftp.ts';

/** Where connections come from. */
export interface Line {
  /** A connection that works, as far as can be known. */
  connection(): Promise<Connection>;
  /** The one given last was lost. */
  lost(error: CellarmanError): void;
  /** The endpoint on it was closed. */
  released(): Promise<void>;
}

/** The tree below an absolute path of a host; it survives the loss of its connection. */
export function openRemote(line: Line, root: ByteString, signal: AbortSignal): Promise<Endpoint> {
  return reconnecting({
    open: async () => treeOn(await line.connection(), root, signal),
    onLost: (error) => line.lost(error),
    onClosed: () => line.released(),
    signal,
  });
}

async function treeOn(connection: Connection, root: ByteString, signal: AbortSignal): Promise<Endpoint> {
  const { host, maxChannels } = connection;
  const another = async () => openSession(await connection.openChannel(signal), { host, signal });
  return sftpEndpoint(
    new SessionPool(await another(), another, maxChannels),
    root,
    `${host}:${toText(root)}`,
  );
}

/** A line of its own, for one endpoint. */
export function ownLine(target: Target, signal: AbortSignal, lost: (error: CellarmanError) => void): Line {
  let current: Connection | undefined;
  return {
    async connection() {
      await current?.close();
      current = await connect(target, { signal });
      return current;
    },
    lost,
    async released() {
      await current?.close();
    },
  };
}
