import { checkAborted } from '../../system/abort.ts';
import { toText } from '../../system/byte-string.ts';
import { failure } from '../../system/errors.ts';
import type { Xxh64 } from '../../system/xxh64.ts';
import type { Endpoint } from '../endpoint.ts';
import type { RelPath } from '../entry.ts';
import type { Inspector } from './inspection.ts';

/**
 * xxh64 of the first `size` bytes of a file. SHRANK_WHILE_READ when there are fewer, and whatever opening and reading
 * it gives.
 */
export async function hashFile(
  endpoint: Endpoint,
  path: RelPath,
  size: number,
  hash: Xxh64,
  signal: AbortSignal,
  inspector?: Inspector,
): Promise<string> {
  const reader = await endpoint.openRead(path);
  try {
    let bytes = 0;
    for await (const block of reader.read(0, size)) {
      checkAborted(signal);
      hash.update(block);
      inspector?.block(block, bytes);
      bytes += block.length;
    }
    if (bytes !== size) throw failure('SHRANK_WHILE_READ', { path: toText(path) });
    return hash.digest();
  } finally {
    await reader.close();
  }
}
