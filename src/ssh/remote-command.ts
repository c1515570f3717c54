import { byteString } from '../system/byte-string.ts';
import { connect, resolveHost } from './connect.ts';
import type { Connection } from './connection.ts';
import type { RemoteLocation } from './location.ts';
import type { ReachOptions } from './reach-options.ts';

export type HostName = Pick<RemoteLocation, 'host' | 'user' | 'port'>;

/** Reaches a host for running programs. The codes of `resolveHost` and `connect`. */
export async function reachForCommands(
  name: HostName,
  options: ReachOptions,
  signal?: AbortSignal,
): Promise<Connection> {
  const location: RemoteLocation = { kind: 'remote', ...name, path: byteString('.') };
  return connect(await resolveHost(location, options), signal === undefined ? {} : { signal });
}

/** For a line of a shell: one word, whatever it holds. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
