import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeFileAtomically } from '../../system/atomic-file.ts';
import { fromText } from '../../system/byte-string.ts';

/**
 * Writes a file of the catalogue in one step, with the mode it had, or else the one Barman gives: what the umask leaves
 * of 0666. Its directory is made where it is missing.
 */
export async function writeCatalogueFile(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const before = await stat(path).catch(() => undefined);
  await writeFileAtomically(fromText(path), content, before ? before.mode & 0o777 : 0o666 & ~process.umask());
}
