import { readFile } from 'node:fs/promises';
import { fromErrno } from '../../system/errno.ts';
import { failure } from '../../system/errors.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { serverLockPath, waitForLock } from '../catalogue/locks.ts';
import { parseWalEntry, type WalEntry } from '../catalogue/wal-entry.ts';

/** The files in an archive from some point on, for who copies it. */
export interface WalsSince {
  readonly entries: readonly WalEntry[];
  /** Of the last one, or the one given where nothing came after it; empty for an empty archive. */
  readonly lastName: string;
  /** Bytes from the start of `xlog.db` to its line. */
  readonly lastPosition: number;
}

/** Where somebody stopped: the name of a file and, for speed, the position of its line. */
export interface SyncPoint {
  readonly name: string;
  readonly position?: number;
}

/** @throws SYNC_POINT where the archive does not go on from there */
export async function walsSince(catalogue: Catalogue, point?: SyncPoint): Promise<WalsSince> {
  return findWalsSince(await readIndex(catalogue), point);
}

/** The same of an index that was read. */
function findWalsSince(index: Buffer, point?: SyncPoint): WalsSince {
  const start =
    point?.position !== undefined && nameAt(index, point.position) === point.name ? point.position : 0;
  const lines = [...linesOf(index, start)];
  const first = lines.at(0);
  const last = lines.at(-1);
  if (point === undefined)
    return {
      entries: lines.map(({ entry }) => entry),
      lastName: last?.entry.name ?? '',
      lastPosition: last?.at ?? 0,
    };
  const from = lines.findIndex(({ entry }) => entry.name === point.name);
  if (first === undefined || last === undefined || from < 0) {
    const isOlder = first !== undefined && point.name < first.entry.name;
    const [relation, end, name] = isOlder
      ? ['older', 'first', first.entry.name]
      : ['newer', 'last', last?.entry.name ?? ''];
    throw failure('SYNC_POINT', { name: point.name, relation, end, other: name });
  }
  return {
    entries: lines.slice(from + 1).map(({ entry }) => entry),
    lastName: last.entry.name,
    lastPosition: last.at,
  };
}

/** With Barman's lock, so that no line is half written. */
async function readIndex(catalogue: Catalogue): Promise<Buffer> {
  const { path } = await catalogue.walIndex();
  using _lock = await waitForLock(serverLockPath(catalogue.locks, 'xlogdb'));
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw fromErrno(error, path);
  }
}

function nameAt(index: Buffer, position: number): string | undefined {
  const isStart = position === 0 || index[position - 1] === 0x0a;
  const [line] = isStart ? linesOf(index, position) : [];
  return line?.at === position ? line.entry.name : undefined;
}

function* linesOf(
  index: Buffer,
  start: number,
): Generator<{ readonly at: number; readonly entry: WalEntry }> {
  for (let at = start; at < index.length; ) {
    const feed = index.indexOf(0x0a, at);
    const end = feed < 0 ? index.length : feed;
    const parsed = parseWalEntry(index.toString('utf8', at, end));
    if (parsed !== undefined) {
      const { columns: _, ...entry } = parsed;
      yield { at, entry };
    }
    at = end + 1;
  }
}
