import type { SnapshotInfo } from '../../snapshot/index.ts';
import { errorFields, line } from './json.ts';
import { grouped, scaled } from './numbers.ts';
import { table } from './table.ts';

/** All snapshots as a table with a heading. */
export function snapshotTable(snapshots: readonly SnapshotInfo[]): string {
  return table(
    ['SNAPSHOT', 'FILES', 'SIZE', 'NEW', 'LINKED', 'STATE'],
    snapshots.map((info) => [info.id, ...numbers(info), state(info)]),
    new Set([1, 2, 3, 4]),
  );
}

/** One object for each. */
export function snapshotJson(info: SnapshotInfo): string {
  const { id, state } = info;
  const head = { type: 'snapshot', id, state };
  if (info.state === 'damaged') return line({ ...head, ...errorFields(info.problem) });
  if (info.state !== 'complete') return line(head);
  const { finished, ...totals } = info.totals;
  return line({ ...head, finished: new Date(finished / 1000).toISOString(), ...totals });
}

function numbers(info: SnapshotInfo): string[] {
  if (info.state !== 'complete') return ['-', '-', '-', '-'];
  const { files, bytes, newBytes, linkedBytes } = info.totals;
  return [grouped(files), scaled(bytes), scaled(newBytes), scaled(linkedBytes)];
}

function state(info: SnapshotInfo): string {
  switch (info.state) {
    case 'complete':
      return info.totals.failed === 0
        ? 'complete'
        : `complete, but for ${grouped(info.totals.failed)} unreadable`;
    case 'damaged':
      return `damaged: ${info.problem.message}`;
    case 'unfinished':
      return 'unfinished';
    case 'removed':
      return 'being removed';
  }
}
