import type { Duplex } from 'node:stream';
import type { RemoteProgram } from './remote-program.ts';

/**
 * An authenticated connection to a host whose key was checked. Two transports keep this contract: ssh2 in this process,
 * and the stdio of an `ssh -s HOST sftp` child.
 */
export interface Connection extends AsyncDisposable {
  /** For people: `user@host`, with the port where it is not 22. */
  readonly host: string;
  /** How many channels `openChannel` can have open at once: 10 where the server's MaxSessions is not known to differ, 1 for a child. */
  readonly maxChannels: number;
  /**
   * A byte stream to a new `sftp` subsystem. It ends or errors when the connection does. NO_SFTP where the server
   * refuses the subsystem.
   */
  openChannel(signal?: AbortSignal): Promise<Duplex>;
  /**
   * Has the user's shell there run a line, several at a time; an account without a shell does with it whatever it does.
   * @throws CONNECTION_LOST, SSH_COMMAND_FAILED
   */
  run(line: string): Promise<RemoteProgram>;
  /** Idempotent; never throws; settles although the peer is dead. */
  close(): Promise<void>;
}
