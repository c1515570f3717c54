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

/** The same, for its JSON; undefined where it ended without any. It goes on when nobody waits for it any more. */
export function startForJson(args: readonly string[]): {
  readonly result: Promise<string | undefined>;
  leave(): void;
} {
  const child = spawnOwn(args, ['ignore', 'pipe', 'ignore']);
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const result = new Promise<string | undefined>((resolve) => {
    child.once('error', () => resolve(undefined));
    child.once('close', () => resolve(text === '' ? undefined : text));
  });
  return {
    result,
    leave: () => {
      child.stdout?.destroy();
      child.unref();
    },
  };
}

function spawnOwn(args: readonly string[], stdio: ('ignore' | 'inherit' | 'pipe')[]): ChildProcess {
  const child = spawn(process.execPath, [...process.execArgv, MAIN, ...args], { detached: true, stdio });
  // Where no process can be started, the next cron tries again.
  child.once('error', () => undefined);
  return child;
}
