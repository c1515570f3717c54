import { toText } from '../../system/byte-string.ts';
import { failure } from '../../system/errors.ts';
import type { Endpoint } from '../endpoint.ts';
import type { RelPath } from '../entry.ts';
import type { ManifestTotals } from './format.ts';
import { type ManifestReader, openManifest } from './reader.ts';
import { totalsFromTail } from './totals.ts';

/** The end is a few hundred bytes; this leaves room for later versions to say more. */
const TAIL = 4096;

/** Opens the manifest that stands at `path` of an endpoint. NOT_FOUND, MANIFEST_DAMAGED, MANIFEST_UNSUPPORTED. */
export async function readManifest(endpoint: Endpoint, path: RelPath): Promise<ManifestReader> {
  return openManifest(bytesOf(endpoint, path), nameFor(endpoint, path));
}

/**
 * Reads no more than the end of a manifest. That proves that the end is there, not that all before it is whole.
 * NOT_FOUND, MANIFEST_DAMAGED.
 */
export async function readManifestTotals(endpoint: Endpoint, path: RelPath): Promise<ManifestTotals> {
  const file = await endpoint.openRead(path);
  try {
    const { size } = await file.stat();
    const blocks: Buffer[] = [];
    for await (const block of file.read(Math.max(0, size - TAIL), size)) blocks.push(Buffer.from(block));
    const totals = totalsFromTail(Buffer.concat(blocks));
    if (totals !== undefined) return totals;
    throw failure('MANIFEST_DAMAGED', { path: nameFor(endpoint, path), detail: 'its end is missing' });
  } finally {
    await file.close();
  }
}

async function* bytesOf(endpoint: Endpoint, path: RelPath): AsyncGenerator<Uint8Array> {
  const file = await endpoint.openRead(path);
  try {
    const { size } = await file.stat();
    yield* file.read(0, size);
  } finally {
    await file.close();
  }
}

function nameFor(endpoint: Endpoint, path: RelPath): string {
  return `${endpoint.name}/${toText(path)}`;
}
