import type { Endpoint } from '../sync/endpoint.ts';
import { readManifestTotals } from '../sync/manifest/files.ts';
import type { ManifestTotals } from '../sync/manifest/format.ts';
import { type CellarmanError, isFailure } from '../system/errors.ts';
import { manifestPath, type SnapshotId } from './layout.ts';
import { survey } from './survey.ts';

/**
 * One snapshot of a repository.
 * - `complete`: its tree stands, and its manifest has its end.
 * - `damaged`: its tree stands, but its manifest is missing or cannot be used.
 * - `unfinished`: a run is making it, or was interrupted; the next one goes on with it.
 * - `removed`: its removal was begun and not ended; the next prune ends it.
 */
export type SnapshotInfo =
  | { readonly id: SnapshotId; readonly state: 'complete'; readonly totals: ManifestTotals }
  | { readonly id: SnapshotId; readonly state: 'damaged'; readonly problem: CellarmanError }
  | { readonly id: SnapshotId; readonly state: 'unfinished' | 'removed' };

/** Everything in a repository, the oldest first. Reads no more than the end of each manifest. */
export async function listSnapshots(repository: Endpoint): Promise<SnapshotInfo[]> {
  const { complete, orphaned, unfinished, removed } = await survey(repository);
  const infos: SnapshotInfo[] = [
    ...unfinished.map((id) => ({ id, state: 'unfinished' as const })),
    ...removed.map((id) => ({ id, state: 'removed' as const })),
  ];
  const trees = [...complete, ...orphaned];
  const atOnce = repository.capabilities.concurrency;
  for (let i = 0; i < trees.length; i += atOnce) {
    infos.push(...(await Promise.all(trees.slice(i, i + atOnce).map((id) => inspect(repository, id)))));
  }
  return infos.sort((a, b) => (a.id < b.id ? -1 : 1));
}

async function inspect(repository: Endpoint, id: SnapshotId): Promise<SnapshotInfo> {
  try {
    return { id, state: 'complete', totals: await readManifestTotals(repository, manifestPath(id)) };
  } catch (problem) {
    if (!isFailure(problem) || problem.code === 'CONNECTION_LOST') throw problem;
    return { id, state: 'damaged', problem };
  }
}
