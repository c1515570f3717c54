import { createGunzip, type Gunzip } from 'node:zlib';
import type { ByteSource } from './bytes.ts';

const OUTPUT_BLOCK = 256 * 1024;
/** Far more than the longest path with every byte escaped; whatever is longer is no manifest. */
const LONGEST_LINE = 1024 * 1024;

/**
 * Unpacks, while it goes on reading the source in the background. Errors are those of the source, or of zlib, which have
 * a `code` that begins with `Z_`.
 */
export async function* gunzipped(source: ByteSource): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: OUTPUT_BLOCK });
  const closed = new Promise<'closed'>((resolve) => gunzip.once('close', () => resolve('closed')));
  const feeding = feed(source, gunzip, closed);
  try {
    for await (const block of gunzip) yield block as Buffer;
  } finally {
    gunzip.destroy();
    await feeding;
  }
}

/** Ends when the stream takes no more, whatever the reason; tells the stream about errors of the source. */
async function feed(source: ByteSource, gunzip: Gunzip, closed: Promise<'closed'>): Promise<void> {
  try {
    for await (const block of source) {
      // The block is the source's again once it was taken. When zlib fails it never calls back.
      const taken = new Promise<'taken'>((resolve) => gunzip.write(block, () => resolve('taken')));
      if ((await Promise.race([taken, closed])) === 'closed' || gunzip.destroyed) return;
    }
    gunzip.end();
  } catch (error) {
    gunzip.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

/** Cuts behind newlines, so that every block holds whole lines. Where that cannot be, a block without newline comes. */
export async function* wholeLines(blocks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let begun: Buffer = Buffer.alloc(0);
  for await (const block of blocks) {
    const cut = block.lastIndexOf(0x0a) + 1;
    if (cut > 0) {
      yield begun.length === 0 ? block.subarray(0, cut) : Buffer.concat([begun, block.subarray(0, cut)]);
      begun = block.subarray(cut);
    } else {
      begun = Buffer.concat([begun, block]);
      if (begun.length > LONGEST_LINE) break;
    }
  }
  if (begun.length > 0) yield begun;
}
