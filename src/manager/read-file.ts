import type { Endpoint } from '../sync/endpoint.ts';
import type { RelPath } from '../sync/entry.ts';

/** The whole content of a file, which fits into memory many times. @throws the codes of single paths */
export async function readFile(endpoint: Endpoint, path: RelPath): Promise<Buffer> {
  const file = await endpoint.openRead(path);
  try {
    const { size } = await file.stat();
    const blocks: Buffer[] = [];
    // A block belongs to the caller only until the next one.
    for await (const block of file.read(0, size)) blocks.push(Buffer.from(block));
    return Buffer.concat(blocks);
  } finally {
    await file.close();
  }
}
