import { constants } from 'node:fs';
import { copyFile, mkdir, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Why a file is not in the archive: another one of its name is, or it is no WAL by its name, or by its content. */
export type Rejection = 'duplicate' | 'unknown' | 'error';

/** Moves a file to `errors/NAME.<UTC time>.<reason>`, where somebody has to look at it. @throws errnos */
export async function moveToErrors(
  path: string,
  name: string,
  reason: Rejection,
  errors: string,
): Promise<void> {
  await mkdir(errors, { recursive: true });
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const target = join(errors, `${name}.${time}.${reason}`);
  try {
    await rename(path, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    await copyFile(path, target, constants.COPYFILE_EXCL);
    await unlink(path);
  }
}
