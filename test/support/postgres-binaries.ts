import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The majors that tests run, each a package of its own: the oldest, the newest and what changed in between. */
export const MAJORS = [13, 15, 17, 18] as const;
export type Major = (typeof MAJORS)[number];

const packageOf = (major: Major): string =>
  fileURLToPath(new URL(`../../node_modules/pg${major}`, import.meta.url));

let told = false;

/** For `describe.skipIf(!postgresAvailable())`: the packages exist for Linux on x64 only. */
export function postgresAvailable(): boolean {
  if (MAJORS.every((major) => existsSync(packageOf(major)))) return true;
  const reason = 'tests that need PostgreSQL cannot run: its npm packages are not installed';
  if (process.env['CI'] === 'true') throw new Error(reason);
  if (!told) process.stderr.write(`skipped: ${reason}\n`);
  told = true;
  return false;
}

/** Where `initdb`, `pg_ctl` and `postgres` of a major are; there are no client programs. */
export function binariesOf(major: Major): string {
  const native = join(packageOf(major), 'native');
  makeSymlinks(native);
  return join(userInfo().uid === 0 && !everybodyReaches(native) ? copyForEverybody(native) : native, 'bin');
}

/** The packages carry no symbolic links; a script of theirs makes them, which npm does not always run. */
function makeSymlinks(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    try {
      symlinkSync(basename(source), join(dirname(native), target));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
  }
}

/** PostgreSQL does not run as root, and whom root lends it to may not pass a private directory above the checkout. */
export function everybodyReaches(path: string): boolean {
  for (let at = path; ; at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

function copyForEverybody(native: string): string {
  const { version } = JSON.parse(readFileSync(join(dirname(native), 'package.json'), 'utf8')) as {
    version: string;
  };
  const copy = join(tmpdir(), `cellarman-postgres-${version}`);
  if (existsSync(copy)) return copy;
  const scratch = mkdtempSync(`${copy}-`);
  cpSync(native, join(scratch, 'native'), { recursive: true, verbatimSymlinks: true });
  execFileSync('chmod', ['-R', 'a+rX', join(scratch, 'native')]);
  try {
    renameSync(join(scratch, 'native'), copy);
  } catch (error) {
    // Another test process was faster, and its copy is as good.
    if (!existsSync(copy)) throw error;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return copy;
}
