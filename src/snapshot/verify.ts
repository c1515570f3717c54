import type { Endpoint } from '../sync/endpoint.ts';
import type { EndpointSpec } from '../sync/endpoints/spec.ts';
import { type Lanes, openLanes } from '../sync/lanes/open-lanes.ts';
import { readManifestTotals } from '../sync/manifest/files.ts';
import { ROOT } from '../sync/path.ts';
import { resolveSource } from '../sync/resolve.ts';
import type { Sites } from '../sync/sites.ts';
import { DEFAULT_JOBS } from '../sync/workers/threads.ts';
import { byteString } from '../system/byte-string.ts';
import { failure, isFailure } from '../system/errors.ts';
import { requireSnapshot } from './find.ts';
import { manifestPath, type SnapshotId, treePath } from './layout.ts';
import type { Repository } from './repository.ts';
import { shareWith } from './shared-content.ts';
import { survey } from './survey.ts';
import type { Verification, VerifyOptions, VerifyReport } from './verify-options.ts';
import { VerifyProgress } from './verify-progress.ts';
import { verifyTree } from './verify-tree.ts';
import { visitRepository } from './visit.ts';

/**
 * Compares snapshots with their manifests: every name, its attributes as far as the snapshot kept them, and by xxh64 the
 * content of every file; on request also the source. What is wrong is told as findings; a manifest that cannot be relied
 * on is told in the report. Rejects with a CellarmanError for what ends the run: REPOSITORY_MISSING, SNAPSHOT_MISSING,
 * SNAPSHOT_INCOMPLETE, SOURCE_MISSING, HOST_*, CONNECTION_LOST, ABORTED.
 */
export async function verify(repository: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  return visitRepository(repository, options, async (opened, sites) => {
    const ids = await chosen(opened.endpoint, options);
    const progress = new VerifyProgress(options.onProgress);
    for (const id of ids) {
      const totals = await readManifestTotals(opened.endpoint, manifestPath(id)).catch(ifUnusable);
      if (totals !== undefined) progress.expect(totals.files, totals.bytes);
    }
    const verifications = await verifySnapshots(opened, ids, options, progress);
    const newest = ids.at(-1);
    if (options.against !== undefined && newest !== undefined) {
      verifications.push(
        await verifySource(opened, newest, { ...options, against: options.against }, sites, progress),
      );
    }
    progress.end();
    return { verifications, clean: verifications.every(isClean) };
  });
}

/** The oldest first. One whose manifest is gone is among them: that is what verifying is for. */
async function chosen(repository: Endpoint, { snapshot }: VerifyOptions): Promise<readonly SnapshotId[]> {
  if (snapshot !== undefined) return [await requireSnapshot(repository, snapshot)];
  const { complete, orphaned } = await survey(repository);
  if (complete.length + orphaned.length === 0) throw failure('NO_SNAPSHOTS', { path: repository.name });
  return [...complete, ...orphaned].sort();
}

/** The same for snapshots of a repository that is open. */
export async function verifySnapshots(
  { endpoint, spec }: Pick<Repository, 'endpoint' | 'spec'>,
  ids: readonly SnapshotId[],
  options: VerifyOptions,
  progress: VerifyProgress,
): Promise<Verification[]> {
  await using readers = await openReaders(endpoint, spec, options);
  const verifications: Verification[] = [];
  const wrong = new Set<string>();
  let before: SnapshotId | undefined;
  for (const snapshot of ids) {
    const shared = before === undefined ? undefined : await shareWith(endpoint, before, wrong);
    await using _shared = { [Symbol.asyncDispose]: async () => shared?.close() };
    const verification = await verifyTree({
      repository: endpoint,
      snapshot,
      side: 'snapshot',
      endpoint,
      base: treePath(snapshot),
      keeps: undefined,
      filter: undefined,
      lanes: readers.lanes,
      shared,
      wrong,
      onFinding: (finding) => options.onFinding?.(finding),
      onFile: (bytes) => progress.file(bytes),
      signal: options.signal,
    });
    verifications.push(verification);
    before = verification.problem === undefined ? snapshot : undefined;
  }
  return verifications;
}

async function verifySource(
  repository: Repository,
  snapshot: SnapshotId,
  options: VerifyOptions & { readonly against: string },
  sites: Sites,
  progress: VerifyProgress,
): Promise<Verification> {
  const { against, checksum = false, filter, signal, onFinding } = options;
  const { path, site } = await sites.at(against);
  const { root } = await resolveSource(against, byteString(`${path}/`), site);
  const endpoint = await site.open(root);
  try {
    await using readers = checksum ? await openReaders(endpoint, site.spec(root), options) : NO_READERS;
    return await verifyTree({
      repository: repository.endpoint,
      snapshot,
      side: 'source',
      endpoint,
      base: ROOT,
      keeps: { perms: true, times: true, owner: true, group: true },
      filter,
      lanes: readers.lanes,
      shared: undefined,
      wrong: new Set(),
      onFinding: (finding) => onFinding?.(finding),
      onFile: (bytes) => progress.file(bytes),
      signal,
    });
  } finally {
    await endpoint.close();
  }
}

/** Lanes that only read what `endpoint` has. */
function openReaders(
  endpoint: Endpoint,
  spec: EndpointSpec | undefined,
  { jobs = DEFAULT_JOBS, signal }: VerifyOptions,
): Promise<Lanes> {
  return openLanes({
    sources: [],
    destination: { endpoint, spec },
    options: {
      base: ROOT,
      bases: [],
      direct: false,
      fsync: false,
      hashes: false,
      dryRun: false,
      rereads: 0,
      nameMax: 255,
    },
    bandwidth: undefined,
    jobs,
    signal: signal ?? new AbortController().signal,
    listener: { onBytes() {}, onLost() {} },
  });
}

const NO_READERS: Lanes = { lanes: [], async [Symbol.asyncDispose]() {} };

function isClean({ findings, problem }: Verification): boolean {
  return problem === undefined && Object.values(findings).every((count) => count === 0);
}

/** Told when it is its turn. */
function ifUnusable(error: unknown): undefined {
  if (!isFailure(error, 'MANIFEST_DAMAGED', 'MANIFEST_UNSUPPORTED', 'NOT_FOUND')) throw error;
}
