import type { Readable, Writable } from 'node:stream';
import { byteString } from '../system/byte-string.ts';
import { resolveHostSettings } from './host-settings.ts';
import type { RemoteLocation } from './location.ts';
import type { ReachOptions } from './reach-options.ts';

/** A program that runs on a host. Its output must be read, and its input ended. */
export interface RemoteProgram {
  readonly input: Writable;
  readonly output: Readable;
  /**
   * Resolves when the program has ended and all it said was read. Rejects with CONNECTION_LOST where nobody can tell how it
   * ended; with an SSH command also with the codes of `connect`.
   */
  readonly ended: Promise<RemoteEnd>;
}

export interface RemoteEnd {
  /** The exit status; 128 and more where a signal ended it. */
  readonly status: number;
  /** The end of what it wrote to its standard error. */
  readonly errors: string;
}

/** A host on which programs can be run, several at a time over one connection. */
export interface CommandHost extends AsyncDisposable {
  /** For people. */
  readonly host: string;
  /** Has the user's shell there run a line. @throws CONNECTION_LOST, SSH_COMMAND_FAILED */
  run(line: string): Promise<RemoteProgram>;
}

export type HostName = Pick<RemoteLocation, 'host' | 'user' | 'port'>;

/** Characters of a program's standard error that are kept. */
export const ERRORS_LIMIT = 8192;

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
