import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MAIN } from '../support/built-cli.ts';
import { everybodyReaches } from '../support/postgres-binaries.ts';
import type { Stage } from './stage.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * A `cellarman` to type, which is the built program of this checkout; a copy of it where PostgreSQL, which calls it as
 * its archive_command, runs as somebody who may not look into a directory above the checkout or above Node.
 */
export function installProgram({ directory, lent }: Stage): string {
  if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: npm run build makes it`);
  const node = lent && !everybodyReaches(process.execPath) ? copyNode(directory) : process.execPath;
  const main = lent && !everybodyReaches(MAIN) ? copyPackage(directory) : MAIN;
  const program = join(directory, 'bin', 'cellarman');
  mkdirSync(dirname(program));
  writeFileSync(program, `#!/bin/sh\nexec '${node}' '${main}' "$@"\n`);
  chmodSync(program, 0o755);
  return program;
}

function copyNode(directory: string): string {
  const copy = join(directory, 'program', basename(process.execPath));
  mkdirSync(dirname(copy), { recursive: true });
  cpSync(process.execPath, copy);
  return copy;
}

function copyPackage(directory: string): string {
  const copy = join(directory, 'program');
  cpSync(join(ROOT, 'dist'), join(copy, 'dist'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(copy, 'package.json'));
  for (const name of dependencies())
    cpSync(join(ROOT, 'node_modules', name), join(copy, 'node_modules', name), { recursive: true });
  return join(copy, 'dist', 'cli', 'main.js');
}

/** All packages that the program needs, those they need with them. */
function dependencies(): Set<string> {
  const found = new Set<string>();
  const follow = (packageFile: string): void => {
    const { dependencies = {} } = JSON.parse(readFileSync(packageFile, 'utf8')) as {
      dependencies?: Readonly<Record<string, string>>;
    };
    for (const name of Object.keys(dependencies)) {
      const file = join(ROOT, 'node_modules', name, 'package.json');
      // One that another package brought for itself alone lies within that one.
      if (found.has(name) || !existsSync(file)) continue;
      found.add(name);
      follow(file);
    }
  };
  follow(join(ROOT, 'package.json'));
  return found;
}
