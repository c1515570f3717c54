import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { type CellarmanError, failure } from '../../system/errors.ts';
import type { Connection } from '../connection.ts';
import { commandFailure } from './command-failure.ts';
import type { Command } from './command-line.ts';
import { RelayStream } from './relay-stream.ts';
import { runByCommand } from './run-by-command.ts';

/** What an SSH command says on its standard error is kept up to this many characters. */
const STDERR_LIMIT = 8192;

/** How long a child may take to end by itself after its input has ended, and again after SIGTERM. */
const GRACE_MS = 1000;

/**
 * Reaches a host through a child process for each channel and program. A child tells only by ending that it could not connect or
 * log in, so these errors come out of the channel: HOST_UNREACHABLE, HOST_KEY_*, LOGIN_REFUSED, NO_SFTP,
 * SSH_COMMAND_FAILED; CONNECTION_LOST once the server has spoken.
 */
export async function connectCommand(command: Command, signal?: AbortSignal): Promise<Connection> {
  if (signal?.aborted) throw failure('ABORTED');
  const children = new Set<Child>();
  const programs = new Set<ChildProcess>();
  const close = async (): Promise<void> => {
    for (const program of programs) program.kill();
    await Promise.all(
      [...children].map((child) => {
        child.stream.destroy();
        return child.end();
      }),
    );
  };
  return {
    host: command.label,
    maxChannels: 1,
    openChannel: async (signal?: AbortSignal): Promise<Duplex> => {
      if (signal?.aborted) throw failure('ABORTED');
      const child = new Child(command);
      children.add(child);
      void child.ended.then(() => children.delete(child));
      await child.started;
      return child.stream;
    },
    run: (line) => runByCommand(command, line, programs),
    close,
    [Symbol.asyncDispose]: close,
  };
}

class Child {
  readonly stream: RelayStream;
  /** Rejects with SSH_COMMAND_FAILED where the program cannot be run. */
  readonly started: Promise<void>;
  readonly ended: Promise<void>;
  readonly #process: ChildProcessWithoutNullStreams;
  #ending: Promise<void> | undefined;

  constructor(command: Command) {
    const child = spawn(command.program, command.args, { stdio: 'pipe' });
    this.#process = child;
    // When this process goes without a word to its children, they must not stay.
    const killAtExit = (): boolean => child.kill('SIGKILL');
    process.once('exit', killAtExit);

    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-STDERR_LIMIT);
    });
    this.stream = new RelayStream(child.stdout, child.stdin, () => void this.end());
    this.started = new Promise((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) => reject(cannotRun(command, error)));
    });
    this.ended = new Promise((resolve) => {
      child.once('error', () => resolve());
      // Not 'close': a ControlPersist master in the background keeps the standard error open.
      child.once('exit', (code, signalName) => {
        // A turn later the last words on the standard error have been read.
        setImmediate(() => {
          process.off('exit', killAtExit);
          child.stderr.destroy();
          if (code !== 0 || !this.stream.received) {
            const status = code ?? signalName ?? 'a signal';
            this.stream.destroy(commandFailure(command, { status, stderr, spoke: this.stream.received }));
          }
          // What it said before it ended may not have been read yet.
          if (child.stdout.readableEnded) this.stream.finish();
          else child.stdout.once('end', () => this.stream.finish());
          resolve();
        });
      });
    });
  }

  /** Settles when the process is gone; repeated calls are harmless. */
  end(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    this.#process.stdin.end();
    const timers = [
      setTimeout(() => this.#process.kill('SIGTERM'), GRACE_MS),
      setTimeout(() => this.#process.kill('SIGKILL'), 2 * GRACE_MS),
    ];
    await this.ended;
    for (const timer of timers) clearTimeout(timer);
  }
}

function cannotRun(command: Command, error: NodeJS.ErrnoException): CellarmanError {
  const detail = error.code === 'ENOENT' ? 'there is no such program' : error.message;
  return failure('SSH_COMMAND_FAILED', { command: command.program, detail }, error);
}
