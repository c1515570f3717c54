import type { Endpoint } from '../../sync/endpoint.ts';
import { byteString } from '../../system/byte-string.ts';

/** All of a file that fits into memory many times. NOT_FOUND and the other codes of paths. */
export async function readSmall(tree: Endpoint, path: string): Promise<Buffer> {
  const file = await tree.openRead(byteString(path));
  try {
    const { size } = await file.stat();
    const blocks: Buffer[] = [];
    for await (const block of file.read(0, size)) blocks.push(Buffer.from(block));
    return Buffer.concat(blocks);
  } finally {
    await file.close();
  }
}
