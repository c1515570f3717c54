import { readBackupManifest } from '../../postgres/backup-manifest/reader.ts';
import type { ManifestFile, ManifestHeader, WalRange } from '../../postgres/backup-manifest/types.ts';
import type { Endpoint } from '../../sync/endpoint.ts';
import type { ByteString } from '../../system/byte-string.ts';
import { BACKUP_MANIFEST } from './manifest-path.ts';

/** A whole `backup_manifest`, whose own checksum is right. */
export interface ManifestContent {
  readonly header: ManifestHeader;
  /** By path in the cluster. */
  readonly files: Map<ByteString, ManifestFile>;
  readonly ranges: readonly WalRange[];
}

/** Reads the one of a backup; undefined where there is none. BACKUP_MANIFEST, codes of paths. */
export async function readManifestOf(tree: Endpoint): Promise<ManifestContent | undefined> {
  if ((await tree.lookup(BACKUP_MANIFEST)) === undefined) return undefined;
  const file = await tree.openRead(BACKUP_MANIFEST);
  try {
    const { size } = await file.stat();
    let header: ManifestHeader = { version: 1, systemIdentifier: undefined };
    const files = new Map<ByteString, ManifestFile>();
    const ranges: WalRange[] = [];
    for await (const item of readBackupManifest(file.read(0, size))) {
      if (item.kind === 'header') header = item;
      else if (item.kind === 'file') files.set(item.path, item);
      else ranges.push(item);
    }
    return { header, files, ranges };
  } finally {
    await file.close();
  }
}
