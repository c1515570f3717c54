import type { Endpoint } from '../sync/endpoint.ts';
import type { Entry, RelPath } from '../sync/entry.ts';
import { joinPath, ROOT } from '../sync/path.ts';
import { isFailure } from '../system/errors.ts';
import { OURS, readOurName, readTopName, type SnapshotId } from './layout.ts';

/** What stands in a repository, by name alone. All sorted, the oldest first. */
export interface Survey {
  /** Trees under a snapshot's own name whose manifest is there. */
  readonly complete: readonly SnapshotId[];
  /** Trees under a snapshot's own name without a manifest: somebody took it away. */
  readonly orphaned: readonly SnapshotId[];
  readonly unfinished: readonly SnapshotId[];
  readonly removed: readonly SnapshotId[];
  /** Journals, in the order of their runs. */
  journalsOf(id: SnapshotId): readonly RelPath[];
  /** Manifests of no tree, journals of no unfinished one, and manifests that were never finished. */
  readonly stray: readonly RelPath[];
}

/** Looks at a repository; an empty or missing directory is one without snapshots. */
export async function survey(repository: Endpoint): Promise<Survey> {
  const [top, ours] = await Promise.all([entries(repository, ROOT), entries(repository, OURS)]);
  const trees = { snapshot: [] as SnapshotId[], unfinished: [] as SnapshotId[], removed: [] as SnapshotId[] };
  for (const { name, type } of top) {
    const read = type === 'directory' ? readTopName(name) : undefined;
    if (read !== undefined) trees[read.kind].push(read.id);
  }
  const manifests = new Set<SnapshotId>();
  const journals: { readonly id: SnapshotId; readonly run: number; readonly path: RelPath }[] = [];
  const stray: RelPath[] = [];
  const described = new Set([...trees.snapshot, ...trees.unfinished, ...trees.removed]);
  const unfinished = new Set(trees.unfinished);
  for (const { name } of ours) {
    const read = readOurName(name);
    if (read === undefined) continue;
    const path = joinPath(OURS, name);
    const wanted = read.kind === 'manifest' ? described : unfinished;
    if (read.kind === 'remains' || !wanted.has(read.id)) stray.push(path);
    else if (read.kind === 'manifest') manifests.add(read.id);
    else journals.push({ id: read.id, run: read.run, path });
  }
  journals.sort((a, b) => a.run - b.run);
  return {
    complete: trees.snapshot.filter((id) => manifests.has(id)),
    orphaned: trees.snapshot.filter((id) => !manifests.has(id)),
    unfinished: trees.unfinished,
    removed: trees.removed,
    journalsOf: (id) => journals.filter((journal) => journal.id === id).map(({ path }) => path),
    stray,
  };
}

async function entries(repository: Endpoint, path: RelPath): Promise<readonly Entry[]> {
  try {
    return await repository.list(path);
  } catch (error) {
    if (isFailure(error, 'NOT_FOUND')) return [];
    throw error;
  }
}
