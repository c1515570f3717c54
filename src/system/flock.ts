import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { checkAborted } from './abort.ts';
import { type ByteString, toFsPath, toText } from './byte-string.ts';
import { failure } from './errors.ts';
import { type HeldLock, heldLock, type LockOptions } from './held-lock.ts';

const { O_RDWR, O_CREAT, O_NOFOLLOW } = fs.constants;

/**
 * flock(2) without native code: the program `flock` locks a descriptor it got from us and ends; the lock
 * stays with the open file, which is ours. Undefined where there is no such program. Throws errnos, LOCKED, ABORTED.
 */
export async function flock(path: ByteString, options: LockOptions): Promise<HeldLock | undefined> {
  for (;;) {
    const fd = fs.openSync(toFsPath(path), O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
    let lock: HeldLock | undefined;
    try {
      const outcome = await lockDescriptor(fd, path, options);
      if (outcome === 'no program') return undefined;
      if (outcome === 'taken') throw failure('LOCKED', { path: toText(path), ...ownerWrittenIn(fd) });
      if (isStill(path, fd)) {
        fs.ftruncateSync(fd);
        fs.writeSync(fd, `${process.pid}\n`, 0);
        lock = heldLock(() => fs.closeSync(fd));
        return lock;
      }
    } finally {
      if (lock === undefined) fs.closeSync(fd);
    }
  }
}

/**
 * The options and statuses are those that util-linux and busybox share: 1 without a word means that it is taken.
 * The program gets the descriptor as its number 3.
 */
function lockDescriptor(
  fd: number,
  path: ByteString,
  { wait = false, shared = false, signal }: LockOptions,
): Promise<'locked' | 'taken' | 'no program'> {
  checkAborted(signal);
  return new Promise((resolve, reject) => {
    const args = [shared ? '-s' : '-x', ...(wait ? [] : ['-n']), '3'];
    const child = spawn('flock', args, {
      stdio: ['ignore', 'ignore', 'pipe', fd],
      signal,
    });
    let words = '';
    child.stderr?.on('data', (part) => {
      words += part;
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') resolve('no program');
      else if (signal?.aborted === true) reject(failure('ABORTED', undefined, error));
      else reject(error);
    });
    child.on('close', (status) => {
      if (status === 0) resolve('locked');
      else if (status === 1 && words === '') resolve('taken');
      else
        reject(failure('IO', { path: toText(path), detail: words.trim() || `flock ended with ${status}` }));
    });
  });
}

function ownerWrittenIn(fd: number): { pid?: number } {
  const buffer = Buffer.alloc(32);
  const text = buffer.toString('latin1', 0, fs.readSync(fd, buffer, 0, buffer.length, 0));
  const pid = /^\d+(?=\s|$)/.exec(text)?.[0];
  return pid === undefined ? {} : { pid: Number(pid) };
}

/** Somebody who tidies up may have taken the file away between open(2) and flock(2): then the lock is worth nothing. */
function isStill(path: ByteString, fd: number): boolean {
  const now = fs.statSync(toFsPath(path), { throwIfNoEntry: false });
  const { dev, ino } = fs.fstatSync(fd);
  return now?.ino === ino && now.dev === dev;
}
