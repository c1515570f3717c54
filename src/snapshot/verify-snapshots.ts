import type { Endpoint } from '../sync/endpoint.ts';
import type { EndpointSpec } from '../sync/endpoints/spec.ts';
import { type Lanes, openLanes } from '../sync/lanes/open-lanes.ts';
import { ROOT } from '../sync/path.ts';
import { resolveSource } from '../sync/resolve.ts';
import type { Sites } from '../sync/sites.ts';
import { DEFAULT_JOBS } from '../sync/workers/threads.ts';
import { byteString } from '../system/byte-string.ts';
import { type SnapshotId, treePath } from './layout.ts';
import type { Repository } from './repository.ts';
import { shareWith } from './shared-content.ts';
import type { Verification, VerifyOptions } from './verify-options.ts';
import type { VerifyProgress } from './verify-progress.ts';
import { verifyTree } from './verify-tree.ts';

/** Compares snapshots of a repository with their manifests, oldest first: what one shares with the one before is read once. */
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

/** Compares a source with the manifest of a snapshot. SOURCE_MISSING, and the codes of hosts. */
export async function verifySource(
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
