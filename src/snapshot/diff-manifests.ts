import type { EntryType, RelPath } from '../sync/entry.ts';
import type { RecordedEntry, RecordedListing } from '../sync/manifest/record.ts';
import { comparePaths, joinPath, ROOT } from '../sync/path.ts';
import type { Change } from '../sync/report.ts';

/** One path that is not the same in two trees. */
export interface Difference {
  readonly path: RelPath;
  readonly kind: 'created' | 'changed' | 'removed';
  /** What it is now; of something removed, what it was. */
  readonly type: EntryType;
  /** Of something changed: in what. `created` and `type` stand alone. */
  readonly changes: readonly Change[];
  /** Bytes; 0 for everything that is not a file. */
  readonly sizeBefore: number;
  readonly sizeAfter: number;
}

/**
 * Compares two trees by their manifests, in the order of a walk. A directory's time alone is no difference: it changes
 * with every name in it.
 * @param precision microseconds to which times are floored before they are compared
 */
export async function* diffManifests(
  before: AsyncIterable<RecordedListing>,
  after: AsyncIterable<RecordedListing>,
  precision: number,
): AsyncGenerator<Difference> {
  const older = before[Symbol.asyncIterator]();
  const newer = after[Symbol.asyncIterator]();
  try {
    let a = await older.next();
    let b = await newer.next();
    while (a.done !== true || b.done !== true) {
      const order = a.done === true ? 1 : b.done === true ? -1 : comparePaths(a.value.path, b.value.path);
      const from: RecordedListing | undefined = order <= 0 ? a.value : undefined;
      const to: RecordedListing | undefined = order >= 0 ? b.value : undefined;
      yield* diffListings(from, to, precision);
      if (order <= 0) a = await older.next();
      if (order >= 0) b = await newer.next();
    }
  } finally {
    await older.return?.();
    await newer.return?.();
  }
}

function* diffListings(
  before: RecordedListing | undefined,
  after: RecordedListing | undefined,
  precision: number,
): Generator<Difference> {
  const path = before?.path ?? after?.path ?? ROOT;
  if (path === ROOT && before !== undefined && after !== undefined) {
    yield* changed(path, before.directory, after.directory, precision);
  }
  const older = before?.entries ?? [];
  const newer = after?.entries ?? [];
  let i = 0;
  for (const entry of newer) {
    let other = older[i];
    for (; other !== undefined && other.name < entry.name; other = older[++i]) yield removed(path, other);
    if (other?.name !== entry.name) {
      yield created(path, entry);
    } else {
      i++;
      yield* changed(joinPath(path, entry.name), other, entry, precision);
    }
  }
  for (const entry of older.slice(i)) yield removed(path, entry);
}

const created = (directory: RelPath, { name, type, size }: RecordedEntry): Difference => ({
  path: joinPath(directory, name),
  kind: 'created',
  type,
  changes: ['created'],
  sizeBefore: 0,
  sizeAfter: size,
});

const removed = (directory: RelPath, { name, type, size }: RecordedEntry): Difference => ({
  path: joinPath(directory, name),
  kind: 'removed',
  type,
  changes: [],
  sizeBefore: size,
  sizeAfter: 0,
});

function* changed(
  path: RelPath,
  before: RecordedEntry,
  after: RecordedEntry,
  precision: number,
): Generator<Difference> {
  const changes = changesBetween(before, after, precision);
  if (changes.length === 0) return;
  yield {
    path,
    kind: 'changed',
    type: after.type,
    changes,
    sizeBefore: before.size,
    sizeAfter: after.size,
  };
}

function changesBetween(before: RecordedEntry, after: RecordedEntry, precision: number): Change[] {
  if (before.type !== after.type) return ['type'];
  const { type } = after;
  const changes: Change[] = [];
  const floor = (time: number): number => Math.floor(time / precision);
  if (before.size !== after.size) changes.push('size');
  else if (before.hash !== undefined && after.hash !== undefined && before.hash !== after.hash) {
    changes.push('content');
  }
  if (before.target !== after.target) changes.push('target');
  if (type !== 'directory' && floor(before.mtime) !== floor(after.mtime)) changes.push('time');
  if (type !== 'symlink' && before.mode !== after.mode) changes.push('mode');
  if (before.uid !== after.uid) changes.push('owner');
  if (before.gid !== after.gid) changes.push('group');
  return changes;
}
