import type { RelPath } from '../../sync/entry.ts';
import { byteString } from '../../system/byte-string.ts';

/** Of a `backup_manifest` in the tree of a backup. */
export const BACKUP_MANIFEST: RelPath = byteString('data/backup_manifest');

/**
 * What pg_verifybackup leaves alone, by its path in the data directory: WAL is checked by itself, and a restore writes
 * the others.
 */
const LEFT_ALONE =
  /^(?:backup_manifest|pg_wal(?:\/.*)?|postgresql\.auto\.conf|recovery\.signal|standby\.signal)$/;

export function isOutsideManifest(inCluster: string): boolean {
  return LEFT_ALONE.test(inCluster);
}
