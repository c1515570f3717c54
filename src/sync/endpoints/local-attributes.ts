import fs from 'node:fs';
import { failure } from '../../system/errors.ts';
import type { Attributes } from '../entry.ts';

/** The calls that reach one entry: by its descriptor, by its path, or by its path without following. */
export interface AttributeCalls {
  readonly chown: (uid: number, gid: number) => void;
  readonly chmod: (mode: number) => void;
  readonly utimes: (atime: number, mtime: number | string) => void;
}

/** chown(2): leave this one as it is. */
const UNCHANGED = -1;

/** Owner before mode, because chown(2) clears set-id bits; the time last, because nothing after it may change it. */
export function applyAttributes({ uid, gid, mode, mtime }: Attributes, calls: AttributeCalls): void {
  if (uid !== undefined || gid !== undefined) calls.chown(uid ?? UNCHANGED, gid ?? UNCHANGED);
  if (mode !== undefined) calls.chmod(mode);
  if (mtime !== undefined) calls.utimes(Date.now() / 1000, utimesSeconds(mtime));
}

export function byPath(path: string | Buffer): AttributeCalls {
  return {
    chown: (uid, gid) => fs.chownSync(path, uid, gid),
    chmod: (mode) => fs.chmodSync(path, mode),
    utimes: (atime, mtime) => fs.utimesSync(path, atime, mtime),
  };
}

export function byDescriptor(fd: number): AttributeCalls {
  return {
    chown: (uid, gid) => fs.fchownSync(fd, uid, gid),
    chmod: (mode) => fs.fchmodSync(fd, mode),
    utimes: (atime, mtime) => fs.futimesSync(fd, atime, mtime),
  };
}

/** A file with other names belongs to other trees too. */
export function refuseShared(stats: fs.Stats, path: string): void {
  if (stats.isFile() && stats.nlink > 1) throw failure('SHARED_FILE', { path });
}

/**
 * Microseconds since the epoch as what `utimes` of Node takes without loss: seconds, half a microsecond further from
 * zero than meant because libuv cuts off below the microsecond. A time before 1970 must come as a numeric string: a
 * negative number means "now" to Node. Measured exact for the years 1900 to 2160.
 */
function utimesSeconds(mtime: number): number | string {
  const seconds = Math.trunc(mtime / 1e6);
  const rest = mtime - seconds * 1e6;
  return mtime < 0 ? String(seconds + (rest - 0.5) / 1e6) : seconds + (rest + 0.5) / 1e6;
}
