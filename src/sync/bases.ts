import type { ByteString } from '../system/byte-string.ts';
import { byteString, fromText } from '../system/byte-string.ts';
import type { Site } from './endpoints/site.ts';
import type { RelPath } from './entry.ts';
import type { SyncOptions } from './options.ts';
import { ROOT } from './path.ts';
import type { BasisUse } from './plan.ts';
import { below, isWithin } from './resolve.ts';

export interface FoundBasis {
  readonly use: BasisUse;
  /** Absolute. */
  readonly path: ByteString;
}

/** The directories of `--link-dest`, `--copy-dest` and `--compare-dest`: relative ones start at the destination. */
export async function findBases(
  options: SyncOptions,
  destination: ByteString,
  site: Site,
  onMissing: (text: string) => void,
): Promise<readonly FoundBasis[]> {
  const wanted = [
    ...(options.linkDest ?? []).map((text) => ({ use: 'link' as const, text })),
    ...(options.copyDest ?? []).map((text) => ({ use: 'copy' as const, text })),
    ...(options.compareDest ?? []).map((text) => ({ use: 'compare' as const, text })),
  ];
  const found: FoundBasis[] = [];
  for (const { use, text } of wanted) {
    const path = fromText(text);
    const real = await site.real(path.startsWith('/') ? path : below(destination, path));
    if (real === undefined) onMissing(text);
    else found.push({ use, path: real });
  }
  return found;
}

/** The deepest directory that holds all of these; absolute paths. */
export function commonDirectory(paths: readonly ByteString[]): ByteString {
  let common = paths[0] ?? byteString('/');
  for (const path of paths) {
    while (!isWithin(path, common)) {
      const slash = common.lastIndexOf('/');
      common = byteString(slash <= 0 ? '/' : common.slice(0, slash));
    }
  }
  return common;
}

/** `path` as seen from `directory`, in which it lies; both absolute. */
export function relativeTo(directory: ByteString, path: ByteString): RelPath {
  if (path === directory) return ROOT;
  return byteString(path.slice(directory === '/' ? 1 : directory.length + 1));
}
