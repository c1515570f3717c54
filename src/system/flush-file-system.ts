import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { type ByteString, toFsPath, toText } from './byte-string.ts';
import { fromErrno } from './errno.ts';
import { failure } from './errors.ts';

/**
 * Everything written so far to the file system that holds `directory` is on the disk: one syncfs(2), by the `sync`
 * program of coreutils, in place of an fsync for every file. Since Linux 5.8 it reports blocks that could not be written
 * back since somebody last asked (IO). False where there is no such program: then nothing was done.
 */
export async function flushFileSystem(directory: ByteString): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const fd = openDirectory(directory);
  try {
    const { status, errors } = await runSync(fd);
    if (status === 0) return true;
    if (status === undefined || lacksFlush(errors)) return false;
    throw failure('IO', { path: toText(directory), detail: errors.trim() });
  } finally {
    fs.closeSync(fd);
  }
}

/** Whether a `sync` that failed says so because it cannot do that. */
export function lacksFlush(errors: string): boolean {
  return /option|usage|not found/i.test(errors);
}

function openDirectory(directory: ByteString): number {
  try {
    return fs.openSync(toFsPath(directory), fs.constants.O_DIRECTORY);
  } catch (error) {
    throw fromErrno(error, toText(directory));
  }
}

/** The directory is handed over as a descriptor, because arguments of a program cannot hold every name. */
function runSync(fd: number): Promise<{ status: number | undefined; errors: string }> {
  return new Promise((resolve) => {
    const child = spawn('sync', ['-f', '/proc/self/fd/3'], {
      stdio: ['ignore', 'ignore', 'pipe', fd],
      env: { ...process.env, LC_ALL: 'C' },
    });
    let errors = '';
    child.stderr?.on('data', (part) => {
      errors += part;
    });
    child.on('error', () => resolve({ status: undefined, errors }));
    child.on('close', (status) => resolve({ status: status ?? -1, errors }));
  });
}
