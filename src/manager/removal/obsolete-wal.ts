import { parseWalFileName } from '../../postgres/wal-file-name.ts';
import type { Keep } from '../catalogue/annotations.ts';
import { type Backup, statusOf } from '../catalogue/backup.ts';

/** Positions in the WAL that a backup needs, both ends included; `to` is null where it is all WAL since. */
export interface WalNeed {
  readonly from: string;
  readonly to: string | null;
}

/**
 * What the backups that stay need. A failed one needs nothing: it cannot be restored. One that is being made needs all
 * from its beginning on; while that is not known, it is later than everything in the archive.
 */
export function walNeeds(backups: readonly Backup[], keeps: ReadonlyMap<string, Keep>): WalNeed[] {
  return backups.flatMap((backup) => {
    const { begin_wal: begin, end_wal: end } = backup.fields;
    if (statusOf(backup) === 'FAILED' || begin === null) return [];
    const standalone = keeps.get(backup.id) === 'standalone' && end !== null;
    return [{ from: positionOf(begin), to: standalone ? positionOf(end) : null }];
  });
}

/**
 * The archived files that no backup needs any more. It goes by the position alone, whatever the timeline: no backup can
 * need WAL from before its own beginning, and none on a later timeline is ever thought superfluous by its name. Timeline
 * histories always stay.
 *
 * @param removed the first segment of the backup that goes; where no other one says how far back WAL is needed, all
 * since stays.
 */
export function obsoleteWal(
  names: Iterable<string>,
  needs: readonly WalNeed[],
  removed: string | null,
): string[] {
  const open = needs.flatMap(({ from, to }) => (to === null ? [from] : [])).sort();
  const horizon = open[0] ?? (removed === null ? undefined : positionOf(removed));
  if (horizon === undefined) return [];
  return [...names].filter((name) => {
    const file = parseWalFileName(name);
    if (file === undefined || file.kind === 'history') return false;
    const position = positionOf(name);
    return (
      position < horizon && !needs.some(({ from, to }) => to !== null && from <= position && position <= to)
    );
  });
}

/** A segment's name without its timeline sorts by position. */
const positionOf = (name: string): string => name.slice(8, 24);
