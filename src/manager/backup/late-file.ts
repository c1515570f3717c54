import type { Endpoint } from '../../sync/endpoint.ts';
import type { Attributes, RelPath } from '../../sync/entry.ts';
import { temporaryName } from '../../sync/lanes/temporary-name.ts';
import { joinPath, nameOf, parentOf } from '../../sync/path.ts';

const NAME_MAX = 255;

/**
 * Puts a file that comes after the copy into the backup: under another name first, since what stands there may be a link
 * to an older backup's file. On the disk when it resolves.
 */
export async function writeLate(
  destination: Endpoint,
  path: RelPath,
  content: Uint8Array | AsyncIterable<Uint8Array>,
  attributes: Attributes,
): Promise<void> {
  const temporary = joinPath(parentOf(path), temporaryName(nameOf(path), NAME_MAX));
  const file = await destination.create(temporary);
  let open = true;
  try {
    if (content instanceof Uint8Array) await file.write(content);
    else for await (const block of content) await file.write(block);
    await file.setAttributes(attributes);
    await file.sync();
    open = false;
    await file.close();
    await destination.rename(temporary, path);
  } catch (error) {
    if (open) await file.close().catch(() => {});
    await destination.removeFile(temporary).catch(() => {});
    throw error;
  }
  await destination.syncDirectory(parentOf(path));
}

/** The same with the content, mode and time of a file of the server; its size. */
export async function copyLate(
  source: Endpoint,
  from: RelPath,
  destination: Endpoint,
  path: RelPath,
): Promise<number> {
  const file = await source.openRead(from);
  try {
    const { size, mode, mtime } = await file.stat();
    await writeLate(destination, path, file.read(0, size), { mode, mtime });
    return size;
  } finally {
    await file.close();
  }
}
