import type { Connection } from './connection.ts';
import { type HostSettings, resolveHostSettings } from './host-settings.ts';
import type { RemoteLocation } from './location.ts';
import type { ReachOptions } from './reach-options.ts';
import { connectCommand } from './transports/command.ts';
import { type Command, composeCommand } from './transports/command-line.ts';
import { connectSsh2 } from './transports/ssh2.ts';

/** How a host is reached, as plain data that any thread can be given. */
export type Target = {
  /** As in {@link ReachOptions}; 0 for none. */
  readonly timeout: number;
} & (
  | { readonly transport: 'ssh2'; readonly settings: HostSettings }
  | { readonly transport: 'command'; readonly command: Command }
);

/** Reads all settings once. USAGE, UNSUPPORTED, SSH_COMMAND_FAILED. */
export async function resolveHost(location: RemoteLocation, options: ReachOptions): Promise<Target> {
  const { rsh, timeout = 0 } = options;
  return rsh === undefined
    ? { transport: 'ssh2', settings: await resolveHostSettings(location, options), timeout }
    : { transport: 'command', command: composeCommand(rsh, location, options), timeout };
}

/** HOST_UNREACHABLE, HOST_KEY_*, LOGIN_REFUSED, ABORTED; with an SSH command, its channel tells these. */
export function connect(target: Target, { signal }: { signal?: AbortSignal } = {}): Promise<Connection> {
  return target.transport === 'ssh2'
    ? connectSsh2(target.settings, signal)
    : connectCommand(target.command, signal);
}
