import type { ReachOptions } from '../ssh/reach-options.ts';
import type { Endpoint } from '../sync/endpoint.ts';
import { readManifest } from '../sync/manifest/files.ts';
import { checkAborted } from '../system/abort.ts';
import { type Difference, diffManifests } from './diff-manifests.ts';
import { requireSnapshot } from './find.ts';
import { manifestPath } from './layout.ts';
import { visitRepository } from './visit.ts';

export interface DiffOptions extends ReachOptions {
  readonly signal?: AbortSignal;
  /** Called for every difference, in the order of a walk. */
  readonly onDifference?: (difference: Difference) => void;
}

/** Entries that differ, and bytes of files: all of those created, of those removed, and of those changed now. */
export interface DiffReport {
  readonly created: number;
  readonly changed: number;
  readonly removed: number;
  readonly createdBytes: number;
  readonly changedBytes: number;
  readonly removedBytes: number;
}

/**
 * What is different in the snapshot `after` from the snapshot `before`, by their manifests alone. Rejects with
 * REPOSITORY_MISSING, SNAPSHOT_MISSING, SNAPSHOT_INCOMPLETE, MANIFEST_DAMAGED; the differences told before a
 * MANIFEST_DAMAGED are worth nothing.
 */
export async function diff(
  repository: string,
  before: string,
  after: string,
  options: DiffOptions = {},
): Promise<DiffReport> {
  return visitRepository(repository, options, ({ endpoint }) =>
    diffSnapshots(endpoint, before, after, options.onDifference, options.signal),
  );
}

export async function diffSnapshots(
  repository: Endpoint,
  before: string,
  after: string,
  onDifference?: (difference: Difference) => void,
  signal?: AbortSignal,
): Promise<DiffReport> {
  const report = {
    created: 0,
    changed: 0,
    removed: 0,
    createdBytes: 0,
    changedBytes: 0,
    removedBytes: 0,
  };
  await using older = await readManifest(repository, manifestPath(await requireSnapshot(repository, before)));
  await using newer = await readManifest(repository, manifestPath(await requireSnapshot(repository, after)));
  const precision = Math.max(older.header.mtimePrecision, newer.header.mtimePrecision);
  for await (const difference of diffManifests(older, newer, precision)) {
    checkAborted(signal);
    const { kind, sizeBefore, sizeAfter } = difference;
    report[kind]++;
    report[`${kind}Bytes`] += kind === 'removed' ? sizeBefore : sizeAfter;
    onDifference?.(difference);
  }
  return report;
}
