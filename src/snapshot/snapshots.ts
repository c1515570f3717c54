import type { ReachOptions } from '../ssh/reach-options.ts';
import { listSnapshots, type SnapshotInfo } from './list.ts';
import { visitRepository } from './visit.ts';

/** What is in a repository, the oldest first. Rejects with REPOSITORY_MISSING, and for remote ones HOST_* and the like. */
export async function snapshots(
  repository: string,
  options: ReachOptions & { readonly signal?: AbortSignal } = {},
): Promise<SnapshotInfo[]> {
  return visitRepository(repository, options, ({ endpoint }) => listSnapshots(endpoint));
}
