import { randomBytes } from 'node:crypto';
import fs from 'node:fs/promises';
import { type ByteString, byteString, toFsPath, toText } from './byte-string.ts';
import { fromErrno } from './errno.ts';

/** NAME_MAX of nearly all file systems, bytes. */
const NAME_MAX = 255;

/**
 * Gives the file `path` this content and these permission bits (whatever the umask), so that every reader, and a machine
 * that loses its power, finds either all of the old file or all of the new one. A symbolic link of that name is replaced,
 * not followed. Rejects with the codes of single paths and leaves nothing half-done behind: the file is the old one, or
 * (where only the directory could not be made durable) the new one.
 */
export async function writeFileAtomically(
  path: ByteString,
  content: string | Uint8Array,
  mode: number,
): Promise<void> {
  const cut = path.lastIndexOf('/') + 1;
  const directory = byteString(cut === 0 ? '.' : path.slice(0, cut));
  const temporary = temporaryPath(path.slice(0, cut), path.slice(cut));
  try {
    const file = await fs.open(toFsPath(temporary), 'wx', 0o600);
    try {
      try {
        await file.writeFile(content);
        await file.chmod(mode);
        await file.sync();
      } finally {
        await file.close();
      }
      await fs.rename(toFsPath(temporary), toFsPath(path));
    } catch (error) {
      await fs.rm(toFsPath(temporary), { force: true });
      throw error;
    }
    await syncDirectory(directory);
  } catch (error) {
    throw fromErrno(error, toText(path));
  }
}

/** In the same directory, for rename(2) to be one step; hidden, and cut to what a name may be long. */
function temporaryPath(directory: string, name: string): ByteString {
  const random = `.${randomBytes(6).toString('hex')}`;
  return byteString(`${directory}.${name.slice(0, NAME_MAX - 1 - random.length)}${random}`);
}

async function syncDirectory(path: ByteString): Promise<void> {
  const directory = await fs.open(toFsPath(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
