import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The built program: worker threads run from there only. */
export const MAIN =
  process.env['CELLARMAN_MAIN'] ?? fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built program to its end. */
export function cellarman(args: readonly string[], options: { readonly cwd?: string } = {}): Outcome {
  if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: npm run build makes it`);
  return runProgram(process.execPath, [MAIN, ...args], options);
}

export function runProgram(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string } = {},
): Outcome {
  const { status, stdout, stderr, error } = spawnSync(program, args, { ...options, encoding: 'utf8' });
  if (error) throw error;
  return { status, stdout, stderr };
}
