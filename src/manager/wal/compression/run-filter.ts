import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { failure } from '../../../system/errors.ts';
import type { Filter } from './filter.ts';

export interface FilterRun {
  /** Undefined where the output goes to a descriptor. */
  readonly output: Readable | null;
  /** Resolves when the program has ended well. @throws COMPRESSION */
  readonly ended: Promise<void>;
  stop(): void;
}

/** Runs a filter from an open file, into another one or into a pipe. `path` is what it works on, for messages. */
export function runFilter(
  filter: Filter,
  path: string,
  input: number,
  output: number | 'pipe',
  pathPrefix: string | null,
): FilterRun {
  const { PATH = '' } = process.env;
  const child: ChildProcess = spawn(filter.program, filter.args, {
    stdio: [input, output, 'pipe'],
    env: { ...process.env, PATH: pathPrefix === null ? PATH : `${pathPrefix}:${PATH}` },
  });
  const program = filter.program === 'sh' ? (filter.args.at(-1) ?? '') : filter.program;
  const broken = (detail: string, cause?: unknown): Error =>
    failure('COMPRESSION', { program, path, detail }, cause);
  let words = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-500);
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(broken(error.code === 'ENOENT' ? 'it is not installed' : error.message, error)),
    );
    child.once('close', (status, signal) => {
      if (status === 0) resolve();
      else reject(broken(words.trim() || `it ended with ${status ?? signal}`));
    });
  });
  // Who stops reading early does not wait for it.
  ended.catch(() => undefined);
  return { output: child.stdout, ended, stop: () => child.kill('SIGKILL') };
}
