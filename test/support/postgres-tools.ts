import { existsSync } from 'node:fs';
import { findProgram } from './programs.ts';

/** One of PostgreSQL's own client programs of a major, from where Debian's packages put them, else from PATH. */
export function postgresTool(name: string, major: number): string | undefined {
  const path = `/usr/lib/postgresql/${major}/bin/${name}`;
  return existsSync(path) ? path : findProgram(name);
}

/** For `describe.skipIf(…)`: false, with the reason printed, where the program is missing; with CI=true an error. */
export function requirePostgresTool(name: string, major: number): boolean {
  if (postgresTool(name, major) !== undefined) return true;
  const reason = `tests that need ${name} cannot run: postgresql-${major} is not installed`;
  if (process.env['CI'] === 'true') throw new Error(reason);
  process.stderr.write(`skipped: ${reason}\n`);
  return false;
}
