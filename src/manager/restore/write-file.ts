import type { Endpoint } from '../../sync/endpoint.ts';
import type { Attributes, RelPath } from '../../sync/entry.ts';
import { SteadyWriter } from '../../sync/lanes/steady-writer.ts';
import { temporaryName } from '../../sync/lanes/temporary-name.ts';
import { joinPath, nameOf, parentOf } from '../../sync/path.ts';

/** Bytes that are written in one call. */
const BLOCK = 256 * 1024;

export interface Content {
  /** Bytes. */
  readonly size: number;
  read(start: number, end: number): AsyncIterable<Uint8Array>;
}

/**
 * Gives a file this content; it appears under its name when it is whole and on the disk. `prove` is called when all
 * content was written and may still refuse it. @throws the codes of single paths
 */
export async function writeContent(
  endpoint: Endpoint,
  path: RelPath,
  content: Content,
  attributes: Attributes,
  onBlock: (block: Uint8Array) => Promise<void> | undefined = () => undefined,
  prove: () => void = () => {},
): Promise<void> {
  const temporary = joinPath(parentOf(path), temporaryName(nameOf(path), 255));
  let writer: SteadyWriter | undefined = await SteadyWriter.create(endpoint, temporary, content.read);
  try {
    for await (const block of content.read(0, content.size)) {
      await onBlock(block);
      await writer.write(block);
    }
    prove();
    await writer.setAttributes(attributes);
    await writer.sync();
    await writer.close();
    writer = undefined;
    await endpoint.rename(temporary, path);
  } catch (error) {
    await writer?.abandon();
    await endpoint.removeFile(temporary).catch(() => {});
    throw error;
  }
}

/** {@link writeContent} of what is in memory. */
export function writeFile(
  endpoint: Endpoint,
  path: RelPath,
  bytes: Uint8Array,
  attributes: Attributes,
  onBlock?: (block: Uint8Array) => Promise<void> | undefined,
): Promise<void> {
  return writeContent(endpoint, path, inMemory(bytes), attributes, onBlock);
}

function inMemory(bytes: Uint8Array): Content {
  return {
    size: bytes.length,
    async *read(start, end) {
      for (let at = start; at < end; at += BLOCK) yield bytes.subarray(at, Math.min(at + BLOCK, end));
    },
  };
}
