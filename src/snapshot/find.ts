import type { Endpoint } from '../sync/endpoint.ts';
import { toText } from '../system/byte-string.ts';
import { failure } from '../system/errors.ts';
import { manifestPath, type SnapshotId } from './layout.ts';
import { survey } from './survey.ts';

/** Makes sure that a complete snapshot of this id is there. SNAPSHOT_MISSING, SNAPSHOT_INCOMPLETE. */
export async function requireSnapshot(repository: Endpoint, id: string): Promise<SnapshotId> {
  const { complete, orphaned, unfinished, removed } = await survey(repository);
  const path = repository.name;
  if (complete.includes(id)) return id;
  if (unfinished.includes(id)) {
    throw failure('SNAPSHOT_INCOMPLETE', { path, id, detail: 'it was never finished' });
  }
  if (removed.includes(id)) {
    throw failure('SNAPSHOT_INCOMPLETE', { path, id, detail: 'its removal has begun' });
  }
  if (orphaned.includes(id)) {
    const detail = `its manifest ${toText(manifestPath(id))} is missing`;
    throw failure('SNAPSHOT_INCOMPLETE', { path, id, detail });
  }
  throw failure('SNAPSHOT_MISSING', { path, id });
}
