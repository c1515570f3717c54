import { copyFileSync, renameSync, rmSync } from 'node:fs';
import { fromErrno } from '../../../system/errno.ts';

/**
 * Moves a complete file to where PostgreSQL wants it: there in full or not at all. `temporary` is a path beside it that
 * nobody else uses. @throws the codes of single paths
 */
export function place(path: string, destination: string, temporary: string): void {
  try {
    renameSync(path, destination);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw fromErrno(error, destination);
    copy(path, destination, temporary);
  }
}

function copy(path: string, destination: string, temporary: string): void {
  try {
    copyFileSync(path, temporary);
    renameSync(temporary, destination);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw fromErrno(error, destination);
  }
  rmSync(path, { force: true });
}
