import { type ChildProcess, spawn } from 'node:child_process';
import { failure } from '../../system/errors.ts';

export interface ScriptRun {
  /** Null where a signal ended it or it could not be started. */
  readonly status: number | null;
  /** The end of what it said, on both streams. */
  readonly output: string;
}

/** Bytes of output that are worth keeping. */
const KEPT = 4096;

/**
 * Runs a command line of the configuration as Barman does, by the shell. It is the configuration's own text: whatever
 * comes from outside reaches the script by its environment only. @throws ABORTED, when the script has ended.
 */
export function runScript(
  line: string,
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<ScriptRun> {
  return new Promise((resolve, reject) => {
    // A group of its own, so that the programs the script runs end with it.
    const child = spawn('sh', ['-c', line], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let output = '';
    const keep = (text: string): void => {
      output = (output + text).slice(-KEPT);
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    const stop = (): void => endGroup(child);
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted === true) stop();
    const done = (run: ScriptRun): void => {
      signal?.removeEventListener('abort', stop);
      if (signal?.aborted === true) reject(failure('ABORTED', undefined, signal.reason));
      else resolve(run);
    };
    child.once('error', (error) => done({ status: null, output: error.message }));
    // Not 'close': a script may leave a program in the background that holds the pipes open.
    child.once('exit', (status) => setImmediate(() => done({ status, output })));
  });
}

function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGTERM');
  } catch {
    // It has ended meanwhile.
  }
}
