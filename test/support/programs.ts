import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

// Daemons live in directories that are not in an ordinary user's PATH.
const DIRECTORIES = [...(process.env['PATH'] ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin'];

/** The absolute path of a program, as sshd wants to be called by it. */
export function findProgram(name: string): string | undefined {
  for (const directory of DIRECTORIES) {
    if (directory === '') continue;
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this directory.
    }
  }
  return undefined;
}

const told = new Set<string>();

/**
 * For `describe.skipIf(!requireProgram('sshd'))`: false, with the reason printed, where a program is missing; with
 * CI=true its absence is an error.
 */
export function requireProgram(...names: readonly string[]): boolean {
  const missing = names.filter((name) => findProgram(name) === undefined);
  if (missing.length === 0) return true;
  const reason = `tests that need ${missing.join(' and ')} cannot run: not installed`;
  if (process.env['CI'] === 'true') throw new Error(reason);
  if (!told.has(reason)) process.stderr.write(`skipped: ${reason}\n`);
  told.add(reason);
  return false;
}
