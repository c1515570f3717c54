import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { MAIN, type Outcome } from './built-cli.ts';

export interface RunningProgram {
  readonly child: ChildProcess;
  /** Settles when the program has ended; `status` is null when a signal ended it. */
  readonly outcome: Promise<Outcome>;
  /** What it has said so far. */
  said(): Outcome;
}

/** Starts the built program beside this process, which can go on serving it, watch it and stop it. */
export function startCli(args: readonly string[], options: SpawnOptions = {}): RunningProgram {
  return startProgram(process.execPath, [MAIN, ...args], options);
}

export function startProgram(
  program: string,
  args: readonly string[],
  options: SpawnOptions = {},
): RunningProgram {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const said = (): Outcome => ({ status: child.exitCode, stdout, stderr });
  const outcome = new Promise<Outcome>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve(said()));
  });
  return { child, outcome, said };
}

/** Runs the built program to its end. Servers of this process stay alive meanwhile, and sshd gets rid of its log. */
export const runCli = (args: readonly string[], options?: SpawnOptions): Promise<Outcome> =>
  startCli(args, options).outcome;

/** The last line of `--json`: the report of a run, or the error that ended it. */
export function reportOf({ stdout }: Outcome): Record<string, unknown> {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '{}') as Record<string, unknown>;
}
