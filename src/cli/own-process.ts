import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));

export interface OwnProcess {
  /** Standard output goes where this process's goes; otherwise nowhere. */
  readonly keepDescriptors: boolean;
}

/** Starts another run of this program that goes on when this one has ended. */
export function startDetached(args: readonly string[], { keepDescriptors }: OwnProcess): void {
  const output = keepDescriptors ? 'inherit' : 'ignore';
  const child = spawnOwn(args, ['ignore', output, output]);
  child.unref();
}

export interface JsonRun {
  /** Null where it could not be started, or a signal ended it. */
  readonly status: number | null;
  /** What it wrote to standard output. */
  readonly json: string;
}

/** The same, for its JSON. It goes on when nobody waits for it any more. */
export function startForJson(args: readonly string[]): {
  readonly ended: Promise<JsonRun>;
  leave(): void;
} {
  const child = spawnOwn(args, ['ignore', 'pipe', 'ignore']);
  let json = '';
  child.stdout?.setEncoding('utf8').on('data', (part: string) => {
    json += part;
  });
  const ended = new Promise<JsonRun>((resolve) => {
    child.once('error', () => resolve({ status: null, json }));
    child.once('close', (status) => resolve({ status, json }));
  });
  const leave = (): void => {
    child.stdout?.destroy();
    child.unref();
  };
  return { ended, leave };
}

function spawnOwn(args: readonly string[], stdio: ('ignore' | 'inherit' | 'pipe')[]): ChildProcess {
  const child = spawn(process.execPath, [...process.execArgv, MAIN, ...args], { detached: true, stdio });
  // Where no process can be started, the next cron tries again.
  child.once('error', () => undefined);
  return child;
}
