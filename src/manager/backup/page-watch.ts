import type { Lsn } from '../../postgres/lsn.ts';
import type { ServerIdentity } from '../../postgres/server/identity.ts';
import type { Session } from '../../postgres/server/session.ts';
import { walPosition } from '../../postgres/server/wal-position.ts';
import type { Endpoint } from '../../sync/endpoint.ts';
import type { RelPath } from '../../sync/entry.ts';
import { joinPath } from '../../sync/path.ts';
import { byteString, toText } from '../../system/byte-string.ts';
import {
  asClusterFinding,
  type ClusterFinding,
  type ClusterInspectionSettings,
} from '../page-inspection/cluster-inspection.ts';
import { clusterPath } from '../page-inspection/cluster-path.ts';
import { confirmSuspects } from '../page-inspection/confirm-suspects.ts';
import type { DamagedFile } from './damage.ts';
import { treeOf } from './own-files.ts';

/** Keeps what was seen of a cluster's files while they were copied. */
export class PageWatch {
  readonly settings: ClusterInspectionSettings | undefined;
  /** Checksums of whole files, by their paths in the backup. */
  readonly checksums = new Map<RelPath, string>();
  readonly #identity: ServerIdentity;
  readonly #suspects = new Map<RelPath, NonNullable<ClusterFinding['pages']>['suspects']>();

  /** @param wantsChecksums for a backup_manifest */
  constructor(identity: ServerIdentity, wantsChecksums: boolean) {
    const { blockSize, relationSegmentBlocks, checksums } = identity;
    this.#identity = identity;
    this.settings =
      checksums || wantsChecksums
        ? {
            pages: checksums ? { blockSize, relationSegmentBlocks } : undefined,
            algorithms: wantsChecksums ? ['SHA256'] : [],
          }
        : undefined;
  }

  see(path: RelPath, seen: unknown): void {
    const finding = asClusterFinding(seen);
    const sum = finding?.checksums.SHA256;
    if (sum !== undefined) this.checksums.set(path, sum);
    // A file that is read once more replaces what was seen before.
    this.#suspects.delete(path);
    const suspects = finding?.pages?.suspects ?? [];
    if (suspects.length > 0) this.#suspects.set(path, suspects);
  }

  /** Looks again at what seemed damaged. */
  async damage(
    source: Endpoint,
    session: Session,
    startLsn: Lsn,
    signal: AbortSignal,
  ): Promise<DamagedFile[]> {
    const damaged: DamagedFile[] = [];
    for (const [path, suspects] of this.#suspects) {
      const problems = await confirmSuspects({
        source,
        path,
        suspects,
        layout: this.#identity,
        startLsn,
        flushedLsn: () => walPosition(session),
        signal,
      });
      if (problems.length === 0) continue;
      const blocks = problems.map(({ block }) => block);
      damaged.push({ path: toText(clusterPath(path) ?? path), tree: path, blocks });
    }
    return damaged;
  }
}

/** Of files known to be damaged those that a new backup shares with the one before. */
export async function sharedDamage(
  endpoint: Endpoint,
  basis: string,
  id: string,
  known: readonly DamagedFile[],
): Promise<DamagedFile[]> {
  const shared: DamagedFile[] = [];
  for (const file of known) {
    const identities = [basis, id].map(async (backup) => {
      const entry = await endpoint.lookup(joinPath(treeOf(backup), byteString(file.tree)));
      return entry?.identity;
    });
    const [before, now] = await Promise.all(identities);
    if (before !== undefined && before.device === now?.device && before.inode === now.inode)
      shared.push(file);
  }
  return shared;
}
