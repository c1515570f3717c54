import { join } from 'node:path';
import { checkSegmentHeader, SEGMENT_HEADER_SIZE } from '../../../postgres/wal/segment-header.ts';
import { parseWalFileName } from '../../../postgres/wal-file-name.ts';
import { isFailure } from '../../../system/errors.ts';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import { readIdentity } from '../../catalogue/identity.ts';
import type { WalIndex } from '../../catalogue/wal-index.ts';
import type { Compression } from '../compression/compression.ts';
import { contentStart } from '../compression/content.ts';
import { archivedPath } from './archived-path.ts';

/**
 * The system identifier of the cluster an archive belongs to: that of its backups, or before the first one that of its
 * newest segment. Undefined for an empty archive.
 */
export async function clusterOf(
  catalogue: Catalogue,
  index: WalIndex,
  compression: Compression,
): Promise<string | undefined> {
  const identity = await readIdentity(catalogue.layout);
  if (identity !== null) return identity.systemId;
  let newest: string | undefined;
  for await (const { name } of index.entries(() => undefined)) {
    if (parseWalFileName(name)?.kind === 'segment') newest = name;
  }
  if (newest === undefined) return undefined;
  try {
    const path = join(catalogue.layout.wals, archivedPath(newest));
    const start = await contentStart(compression, path, SEGMENT_HEADER_SIZE);
    return checkSegmentHeader(start, newest).systemIdentifier;
  } catch (error) {
    // It is damaged, encrypted or was removed: then it cannot tell, and must not keep others out.
    if (
      isFailure(error, 'WAL_DAMAGED', 'WAL_ENCRYPTED') ||
      (error as NodeJS.ErrnoException).code === 'ENOENT'
    )
      return undefined;
    throw error;
  }
}
