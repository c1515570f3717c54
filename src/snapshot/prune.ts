import type { ReachOptions } from '../ssh/reach-options.ts';
import type { Endpoint } from '../sync/endpoint.ts';
import { ROOT } from '../sync/path.ts';
import { checkAborted } from '../system/abort.ts';
import { isFailure } from '../system/errors.ts';
import { manifestPath, removedPath, type SnapshotId, treePath } from './layout.ts';
import { listSnapshots } from './list.ts';
import { lockRepository } from './lock.ts';
import { removeTree } from './remove-tree.ts';
import {
  type DatedSnapshot,
  judgeSnapshots,
  parseRetention,
  type RetentionPolicy,
  type RetentionVerdict,
} from './retention.ts';
import { visitRepository } from './visit.ts';

export interface PruneOptions extends ReachOptions {
  /** `REDUNDANCY 7`, `RECOVERY WINDOW OF 14 DAYS`: see {@link parseRetention}. */
  readonly keep: string;
  /** Only judge; remove nothing. */
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
  /** Called for every snapshot that is gone. */
  readonly onRemoved?: (removed: RemovedSnapshot) => void;
}

export interface RemovedSnapshot {
  readonly id: SnapshotId;
  /** For people: a clause that completes "it goes because". */
  readonly reason: string;
}

export interface PruneReport {
  /** Of every complete snapshot, the newest first. Others are neither counted nor removed. */
  readonly verdicts: readonly RetentionVerdict[];
  /** What was removed, the oldest first; in a dry run what would be. */
  readonly removed: readonly RemovedSnapshot[];
}

/**
 * Removes the snapshots that a retention policy does not keep, and what earlier interrupted removals have left. USAGE,
 * REPOSITORY_MISSING, LOCKED, LOCKED_ELSEWHERE, and whatever removing a name gives; then the snapshot is no longer
 * listed as complete, and the next call ends its removal.
 */
export async function prune(repository: string, options: PruneOptions): Promise<PruneReport> {
  const policy = parseRetention(options.keep);
  return visitRepository(repository, options, async ({ endpoint, local }) => {
    if (options.dryRun === true) return judgeRepository(endpoint, policy);
    await using _lock = await lockRepository(endpoint, local);
    return await pruneSnapshots(endpoint, policy, options);
  });
}

/** The same on a repository that is open and locked. */
export async function pruneSnapshots(
  repository: Endpoint,
  policy: RetentionPolicy,
  { signal, onRemoved }: Pick<PruneOptions, 'signal' | 'onRemoved'> = {},
): Promise<PruneReport> {
  const report = await judgeRepository(repository, policy);
  for (const removed of report.removed) {
    checkAborted(signal);
    await removeSnapshot(repository, removed.id, signal);
    onRemoved?.(removed);
  }
  return report;
}

/**
 * What pruning would do.
 * @param planned snapshots that will be there by then
 */
export async function judgeRepository(
  repository: Endpoint,
  policy: RetentionPolicy,
  planned: readonly DatedSnapshot[] = [],
): Promise<PruneReport> {
  const snapshots = await listSnapshots(repository);
  const complete = snapshots.flatMap((info) =>
    info.state === 'complete' ? [{ id: info.id, finished: info.totals.finished }] : [],
  );
  complete.push(...planned);
  const verdicts = judgeSnapshots(complete, policy, Date.now() * 1000);
  const begun = snapshots.filter(({ state }) => state === 'removed');
  const removed = [
    ...begun.map(({ id }) => ({ id, reason: 'its removal had been begun' })),
    ...verdicts
      .filter(({ keep }) => !keep)
      .map(({ id, reason }) => ({ id, reason }))
      .reverse(),
  ];
  return { verdicts, removed };
}

/** From its first step on it is no snapshot any more, whatever interrupts the rest. */
async function removeSnapshot(repository: Endpoint, id: SnapshotId, signal?: AbortSignal): Promise<void> {
  await repository.rename(treePath(id), removedPath(id)).catch(ifGone);
  await repository.syncDirectory(ROOT);
  await repository.removeFile(manifestPath(id)).catch(ifGone);
  await removeTree(repository, removedPath(id), signal);
  await repository.syncDirectory(ROOT);
}

function ifGone(error: unknown): void {
  if (!isFailure(error, 'NOT_FOUND')) throw error;
}
