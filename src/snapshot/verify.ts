import type { Endpoint } from '../sync/endpoint.ts';
import { readManifestTotals } from '../sync/manifest/files.ts';
import { failure, isFailure } from '../system/errors.ts';
import { requireSnapshot } from './find.ts';
import { manifestPath, type SnapshotId } from './layout.ts';
import { survey } from './survey.ts';
import type { Verification, VerifyOptions, VerifyReport } from './verify-options.ts';
import { VerifyProgress } from './verify-progress.ts';
import { verifySnapshots, verifySource } from './verify-snapshots.ts';
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

function isClean({ findings, problem }: Verification): boolean {
  return problem === undefined && Object.values(findings).every((count) => count === 0);
}

/** Told when it is its turn. */
function ifUnusable(error: unknown): undefined {
  if (!isFailure(error, 'MANIFEST_DAMAGED', 'MANIFEST_UNSUPPORTED', 'NOT_FOUND')) throw error;
}
