import { isRacy, type SourceClock } from '../sync/clock.ts';
import type { Endpoint } from '../sync/endpoint.ts';
import type { Entry, RelPath } from '../sync/entry.ts';
import { hashFile } from '../sync/lanes/hash-file.ts';
import type { RecordedEntry } from '../sync/manifest/record.ts';
import { joinPath } from '../sync/path.ts';
import type { Standing } from '../sync/transfer-setup.ts';
import { type CellarmanError, isFailure } from '../system/errors.ts';
import { loadXxh64 } from '../system/xxh64.ts';
import type { Journal } from './journal.ts';

/** Microseconds by which a time stamp must be older than the run that set it, to be no time stamp of writing. */
const MARGIN = 2_000_000;

export interface Unfinished {
  readonly endpoint: Endpoint;
  /** The tree that is gone on with. */
  readonly tree: RelPath;
  /** The tree whose files it may be linked to. */
  readonly basis: RelPath | undefined;
  /** What the basis' manifest says of a directory. */
  readonly recallBasis: (path: RelPath) => Promise<readonly RecordedEntry[]>;
  readonly journal: Journal;
  /** The machine has not been started anew since: what was written is there, on the disk or not. */
  readonly sameBoot: boolean;
  readonly clock: SourceClock;
  readonly signal: AbortSignal;
}

/**
 * Decides what of an unfinished directory stands, and removes the rest of its files. A file stands when
 * - the journal vouches for it and nothing can have been lost since: it was synced before, or the machine is still up;
 *   after a crash its content must prove to be the journal's;
 * - it is one with the basis' file; or
 * - the machine is still up, and the file carries a time stamp of the source, which is set when all content is written.
 */
export async function standing(
  unfinished: Unfinished,
  path: RelPath,
  entries: readonly Entry[],
): Promise<Standing> {
  const { endpoint, tree, journal } = unfinished;
  const known = new Map((await unfinished.recallBasis(path)).map((entry) => [entry.name, entry]));
  const kept: Entry[] = [];
  const recorded: RecordedEntry[] = [];
  for (const entry of entries) {
    if (entry.type !== 'file') {
      kept.push(entry);
      continue;
    }
    const file = joinPath(path, entry.name);
    const vouched = journal.files.get(file);
    if (vouched !== undefined && (await isStill(unfinished, file, entry, vouched))) {
      kept.push(entry);
      recorded.push({ ...vouched, name: entry.name });
      continue;
    }
    const linked = known.get(entry.name);
    if (linked !== undefined && (await isLinked(unfinished, file, entry))) {
      kept.push(entry);
      recorded.push(linked);
    } else if (isStamped(unfinished, entry)) {
      kept.push(entry);
    } else {
      await endpoint.removeFile(joinPath(tree, file)).catch(unless('NOT_FOUND'));
    }
  }
  return { entries: kept, recorded };
}

async function isStill(
  { endpoint, tree, journal, sameBoot, signal }: Unfinished,
  path: RelPath,
  entry: Entry,
  vouched: RecordedEntry,
): Promise<boolean> {
  const { mtimePrecision } = endpoint.capabilities;
  const floor = (time: number): number => Math.floor(time / mtimePrecision);
  if (entry.size !== vouched.size || floor(entry.mtime) !== floor(vouched.mtime)) return false;
  if (sameBoot || journal.synced) return true;
  const hash = (await loadXxh64())();
  return (await hashFile(endpoint, joinPath(tree, path), entry.size, hash, signal)) === vouched.hash;
}

async function isLinked(
  { endpoint, basis }: Unfinished,
  path: RelPath,
  { identity }: Entry,
): Promise<boolean> {
  if (basis === undefined || identity === undefined || identity.links < 2) return false;
  const other = (await endpoint.lookup(joinPath(basis, path)))?.identity;
  return other?.device === identity.device && other.inode === identity.inode;
}

function isStamped({ journal, sameBoot, clock }: Unfinished, entry: Entry): boolean {
  if (!sameBoot || entry.identity?.links !== 1) return false;
  return entry.mtime < journal.started - MARGIN && !isRacy(entry, journal.started / 1000, clock);
}

function unless(code: CellarmanError['code']): (error: unknown) => void {
  return (error) => {
    if (!isFailure(error, code)) throw error;
  };
}
