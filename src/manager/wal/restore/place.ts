import { copyFileSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fromErrno } from '../../../system/errno.ts';

/** Moves a complete file to where PostgreSQL wants it: there in full or not at all. @throws the codes of single paths */
export function place(path: string, destination: string): void {
  try {
    renameSync(path, destination);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw fromErrno(error, destination);
    copy(path, destination);
  }
}

/** One name for all: what is left by a run that was killed is used again by the next. */
function copy(path: string, destination: string): void {
  const temporary = join(dirname(destination), `.${basename(destination)}.cellarman.tmp`);
  try {
    copyFileSync(path, temporary);
    renameSync(temporary, destination);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw fromErrno(error, destination);
  }
  rmSync(path, { force: true });
}
