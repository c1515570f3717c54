import type { Readable, Writable } from 'node:stream';

/** Characters of a program's standard error that are kept. */
export const ERRORS_LIMIT = 8192;

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
