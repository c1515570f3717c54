import { Batching } from '../../sync/batching.ts';
import type { Endpoint } from '../../sync/endpoint.ts';
import type { EndpointSpec } from '../../sync/endpoints/spec.ts';
import type { Entry, RelPath } from '../../sync/entry.ts';
import { openLanes } from '../../sync/lanes/open-lanes.ts';
import { Scheduler } from '../../sync/lanes/scheduler.ts';
import type { Task, TaskResult } from '../../sync/lanes/task.ts';
import { joinPath, ROOT } from '../../sync/path.ts';
import { checkAborted } from '../../system/abort.ts';
import type { CellarmanError } from '../../system/errors.ts';
import {
  asClusterFinding,
  type ClusterFinding,
  type ClusterInspectionSettings,
  clusterInspection,
} from './cluster-inspection.ts';

/** One directory of a tree. */
export interface TreeListing {
  readonly path: RelPath;
  /** Sorted by raw bytes. */
  readonly entries: readonly Entry[];
}

/** A file that was read. */
export interface FileReading {
  /** xxh64; undefined where it could not be read. */
  readonly hash: string | undefined;
  readonly finding: ClusterFinding | undefined;
  readonly error: CellarmanError | undefined;
}

export interface TreeToRead {
  readonly tree: Endpoint;
  /** How worker threads open it; undefined: all is read in this one. */
  readonly spec: EndpointSpec | undefined;
  readonly inspection: ClusterInspectionSettings;
  /** Worker threads. */
  readonly jobs: number;
  readonly signal: AbortSignal;
}

/** Lists a tree, a directory before its contents. Does not enter what `enters` says no to. Rejects with codes of paths. */
export async function* walkTree(
  tree: Endpoint,
  directory: RelPath,
  enters: (path: RelPath) => boolean = () => true,
): AsyncGenerator<TreeListing> {
  const entries = await tree.list(directory);
  yield { path: directory, entries };
  for (const { type, name } of entries) {
    const path = joinPath(directory, name);
    if (type === 'directory' && enters(path)) yield* walkTree(tree, path, enters);
  }
}

/**
 * Goes through a local backup's tree and has its files read in lanes. `choose` gives, for each directory in the order of
 * the walk, the files to read, each with what `onRead` shall be told with its reading. Resolves when all are read.
 */
export async function readTree<N>(
  { tree, spec, inspection, jobs, signal }: TreeToRead,
  listings: AsyncIterable<TreeListing>,
  choose: (listing: TreeListing) => Promise<readonly { readonly entry: Entry; readonly note: N }[]>,
  onRead: (path: RelPath, entry: Entry, reading: FileReading, note: N) => void,
): Promise<void> {
  await using lanes = await openLanes({
    sources: [],
    destination: { endpoint: tree, spec },
    options: READ_ONLY,
    inspection: clusterInspection(inspection),
    bandwidth: undefined,
    jobs,
    signal,
    listener: { onBytes() {}, onLost() {} },
  });
  const scheduler = new Scheduler<{ readonly note: N }>(lanes.lanes, ({ batch, notes }, { results }) => {
    for (const [i, { note }] of notes.entries()) {
      const task = batch.tasks[i];
      const result = results[i];
      if (task === undefined || result === undefined) continue;
      onRead(joinPath(batch.directory, task.entry.name), task.entry, readingOf(result), note);
    }
  });
  for await (const listing of listings) {
    checkAborted(signal);
    const batching = new Batching<{ readonly note: N }>(listing.path);
    for (const { entry, note } of await choose(listing)) batching.add(0, { ...HASH, entry }, { note });
    for (const noted of batching.batches(0)) await scheduler.add(noted);
  }
  await scheduler.drain();
}

function readingOf({ hash, finding, error }: TaskResult): FileReading {
  return { hash, finding: asClusterFinding(finding), error };
}

const READ_ONLY = {
  base: ROOT,
  bases: [],
  direct: false,
  fsync: false,
  hashes: false,
  dryRun: false,
  rereads: 0,
  nameMax: 255,
};

const HASH: Omit<Task, 'entry'> = {
  do: 'hash',
  sourceName: undefined,
  attributes: {},
  replaces: false,
  basis: -1,
  knownHash: undefined,
  otherwise: 'none',
  shared: false,
};
