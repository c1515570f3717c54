import { open } from 'node:fs/promises';
import { failure } from '../system/errors.ts';

/**
 * The first line of a password file. USAGE where others than its owner could read it, as rsync demands; NOT_FOUND,
 * PERMISSION_DENIED.
 */
export async function readPassword(path: string): Promise<string> {
  try {
    await using file = await open(path, 'r');
    const { mode, uid } = await file.stat();
    if ((mode & 0o077) !== 0) {
      throw failure('USAGE', {
        detail: `the password file ${path} can be read by others; run: chmod 600 ${path}`,
      });
    }
    if (uid !== 0 && uid !== process.getuid?.()) {
      throw failure('USAGE', { detail: `the password file ${path} belongs to another user` });
    }
    const [line = ''] = (await file.readFile('utf8')).split(/\r?\n/, 1);
    if (line === '')
      throw failure('USAGE', { detail: `the first line of the password file ${path} is empty` });
    return line;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') throw failure('NOT_FOUND', { path: `the password file ${path}` }, error);
    if (code === 'EACCES') throw failure('PERMISSION_DENIED', { path: `the password file ${path}` }, error);
    throw error;
  }
}
