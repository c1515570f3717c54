import { spawnSync } from 'node:child_process';
import { findProgram } from '../../system/find-program.ts';

/** From this version on Barman looks for `backup.info` in `meta/`. */
const SEES_META = [3, 13, 2];
/** Milliseconds; Barman takes half a second to start. */
const LONGEST = 30_000;

/** By the path of the program. */
const answers = new Map<string, boolean>();

/**
 * Whether the Barman of this machine sees only backups that have their `backup.info` inside: asked where nothing in a
 * catalogue tells, for such a Barman would take its next backup for the first and remove the WAL of all others.
 */
export function oldBarmanIsInstalled(): boolean {
  const program = findProgram('barman');
  if (program === undefined) return false;
  const known = answers.get(program);
  if (known !== undefined) return known;
  const answer = isBeforeMeta(versionOf(program));
  answers.set(program, answer);
  return answer;
}

function versionOf(program: string): string {
  return spawnSync(program, ['--version'], { encoding: 'utf8', timeout: LONGEST }).stdout ?? '';
}

/** `said`: what `barman --version` prints, `3.4.0 Barman by EnterpriseDB`; false where there is no version in it. */
function isBeforeMeta(said: string): boolean {
  const version = /^(\d+)\.(\d+)(?:\.(\d+))?/
    .exec(said)
    ?.slice(1)
    .map((part) => Number(part ?? 0));
  if (version === undefined) return false;
  const differing = SEES_META.findIndex((part, i) => part !== version[i]);
  return differing >= 0 && (version[differing] ?? 0) < (SEES_META[differing] ?? 0);
}
