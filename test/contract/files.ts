import type { Endpoint } from '../../src/sync/endpoint.ts';
import type { Attributes, RelPath } from '../../src/sync/entry.ts';
import { isFailure } from '../../src/system/errors.ts';

/** Creates a file with its content. */
export async function writeFile(
  endpoint: Endpoint,
  path: RelPath,
  content: string | Uint8Array,
  attributes?: Attributes,
): Promise<void> {
  const file = await endpoint.create(path);
  try {
    await file.write(Buffer.from(content));
    if (attributes !== undefined) await file.setAttributes(attributes);
  } finally {
    await file.close();
  }
}

/** The content from `start` to `end`, copied out block by block as a caller must. */
export async function readFile(
  endpoint: Endpoint,
  path: RelPath,
  start = 0,
  end = Number.MAX_SAFE_INTEGER,
): Promise<Buffer> {
  const file = await endpoint.openRead(path);
  try {
    const blocks: Buffer[] = [];
    for await (const block of file.read(start, end)) blocks.push(Buffer.from(block));
    return Buffer.concat(blocks);
  } finally {
    await file.close();
  }
}

/** The code of the error a promise rejects with; says so where it is none of ours, or where there is none. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'resolved';
  } catch (error) {
    return isFailure(error) ? error.code : `not a CellarmanError: ${error}`;
  }
}
