import { byteString } from '../system/byte-string.ts';
import type { CommandHost } from './command-host.ts';
import { resolveHostSettings } from './host-settings.ts';
import type { RemoteLocation } from './location.ts';
import type { ReachOptions } from './reach-options.ts';

export type HostName = Pick<RemoteLocation, 'host' | 'user' | 'port'>;

/**
 * Reaches a host for running programs: inside this process, or by the SSH command of `rsh`. HOST_UNREACHABLE, HOST_KEY_*,
 * LOGIN_REFUSED, USAGE, ABORTED.
 */
export async function reachForCommands(
  name: HostName,
  options: ReachOptions,
  signal?: AbortSignal,
): Promise<CommandHost> {
  const location: RemoteLocation = { kind: 'remote', ...name, path: byteString('.') };
  if (options.rsh !== undefined) {
    const { commandHostByCommand } = await import('./transports/run-by-command.ts');
    return commandHostByCommand(options.rsh, location, options);
  }
  const [{ commandHostBySsh2 }, settings] = await Promise.all([
    import('./transports/run-by-ssh2.ts'),
    resolveHostSettings(location, options),
  ]);
  return commandHostBySsh2(settings, signal);
}

/** For a line of a shell: one word, whatever it holds. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
