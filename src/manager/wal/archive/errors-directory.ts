import { constants } from 'node:fs';
import { copyFile, link, mkdir, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Why a file is not in the archive: another one of its name is, or it is no WAL by its name, or by its content. */
export type Rejection = 'duplicate' | 'unknown' | 'error';

/**
 * Moves a file to `errors/NAME.<UTC time>.<reason>`, where somebody has to look at it. It takes the place of no other one:
 * what came under that name within the same second waits for the next. @throws errnos
 */
export async function moveToErrors(
  path: string,
  name: string,
  reason: Rejection,
  errors: string,
): Promise<void> {
  await mkdir(errors, { recursive: true });
  for (;;) {
    const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
    try {
      return await moveTo(join(errors, `${name}.${time}.${reason}`), path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    await sleep(1000 - (Date.now() % 1000));
  }
}

/** link(2) and `COPYFILE_EXCL` replace nothing. */
async function moveTo(target: string, path: string): Promise<void> {
  try {
    await link(path, target);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' || code === 'ENOENT') throw error;
    // A directory, or a file system without links.
    if (code !== 'EXDEV') return rename(path, target);
    await copyFile(path, target, constants.COPYFILE_EXCL);
  }
  await unlink(path);
}
