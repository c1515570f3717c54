import { open } from 'node:fs/promises';
import { failure } from '../system/errors.ts';

/**
 * The first line of a password file. USAGE where others than its owner could read it, as rsync demands, and where
 * it cannot be opened: the code of a path would be taken for the lack of whatever is read with it, as the source.
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
    if (code === 'ENOENT')
      throw failure('USAGE', { detail: `the password file ${path} does not exist` }, error);
    if (code === 'EACCES')
      throw failure('USAGE', { detail: `the password file ${path} may not be read` }, error);
    throw error;
  }
}
