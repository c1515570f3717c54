import type { WalRange } from '../../postgres/backup-manifest/types.ts';
import type { ServerIdentity } from '../../postgres/server/identity.ts';
import { localEndpoint } from '../../sync/endpoints/local.ts';
import type { RelPath } from '../../sync/entry.ts';
import { fromText } from '../../system/byte-string.ts';
import { isFailure } from '../../system/errors.ts';
import { generateManifest } from '../backup-manifest/generate.ts';
import { BACKUP_MANIFEST } from '../backup-manifest/manifest-path.ts';

export interface ManifestWish {
  /** The backup's directory, and that of the one it shares files with. */
  readonly directory: string;
  readonly basis: string | undefined;
  readonly identity: ServerIdentity;
  readonly range: WalRange;
  /** Checksums that were taken while files were copied. */
  readonly taken: ReadonlyMap<RelPath, string>;
  readonly jobs: number;
  readonly warn: (message: string) => void;
  readonly signal: AbortSignal;
}

/** Leaves PostgreSQL's own manifest in a backup, which is as good without: its bytes. ABORTED. */
export async function leaveManifest(wish: ManifestWish): Promise<number> {
  const { directory, basis, identity, range, taken, jobs, warn, signal } = wish;
  const root = fromText(directory);
  const tree = localEndpoint(root);
  const before = basis === undefined ? undefined : localEndpoint(fromText(basis));
  try {
    await generateManifest({
      tree,
      spec: { kind: 'local', root },
      systemIdentifier: identity.systemIdentifier,
      major: identity.version.major,
      ranges: [range],
      algorithm: 'SHA256',
      taken,
      basis: before,
      jobs,
      signal,
    });
    return (await tree.lookup(BACKUP_MANIFEST))?.size ?? 0;
  } catch (error) {
    if (!isFailure(error) || isFailure(error, 'ABORTED')) throw error;
    warn(`the backup has no backup_manifest: ${error.message}`);
    return 0;
  } finally {
    await tree.close();
    await before?.close();
  }
}
