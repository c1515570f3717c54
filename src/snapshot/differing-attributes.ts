import type { Entry } from '../sync/entry.ts';
import type { KeptAttributes } from '../sync/manifest/format.ts';
import type { Change } from '../sync/report.ts';

const SECOND = 1_000_000;

/**
 * In which of the kept attributes an entry is not what its manifest says. The time of a symbolic link does not count:
 * not every server can set it.
 * @param precision microseconds to which times are floored; a whole second is right in any case, for that is what a
 * server keeps
 */
export function attributesDiffering(
  recorded: Entry,
  found: Entry,
  { keeps, precision }: { readonly keeps: KeptAttributes; readonly precision: number },
): Change[] {
  const link = recorded.type === 'symlink';
  const changes: Change[] = [];
  if (keeps.times && !link && !sameTime(recorded.mtime, found.mtime, precision)) changes.push('time');
  if (keeps.perms && !link && recorded.mode !== found.mode) changes.push('mode');
  if (keeps.owner && recorded.uid !== found.uid) changes.push('owner');
  if (keeps.group && recorded.gid !== found.gid) changes.push('group');
  return changes;
}

function sameTime(recorded: number, found: number, precision: number): boolean {
  const floor = (time: number, step: number): number => Math.floor(time / step) * step;
  return floor(recorded, precision) === floor(found, precision) || floor(recorded, SECOND) === found;
}
