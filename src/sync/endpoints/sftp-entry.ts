import type { SftpAttributes } from '../../ssh/sftp/session.ts';
import type { ByteString } from '../../system/byte-string.ts';
import { type CellarmanError, failure } from '../../system/errors.ts';
import type { Entry, EntryType } from '../entry.ts';

const TYPE_BITS = 0o170000;

/** POSIX has these numbers for st_mode's type bits on every system. */
export function typeOf(mode: number): EntryType {
  switch (mode & TYPE_BITS) {
    case 0o100000:
      return 'file';
    case 0o040000:
      return 'directory';
    case 0o120000:
      return 'symlink';
    case 0o010000:
      return 'fifo';
    case 0o140000:
      return 'socket';
    default:
      return 'device';
  }
}

/** Of a server that leaves the mode out. */
export const untold = (): CellarmanError =>
  failure('UNSUPPORTED', { operation: 'telling files from directories', where: 'the SFTP server' });

/**
 * An entry of what a server said. Times are whole seconds, unsigned as they came: one before 1970 shows as one after 2106
 * less its distance, the same each time, and setting it again gives the server the number it had sent. UNSUPPORTED where
 * the server does not say what kind of entry it is.
 */
export function sftpEntry(
  name: ByteString,
  attributes: SftpAttributes,
  target: ByteString | undefined,
): Entry {
  const { mode, size = 0, mtime = 0, uid = 0, gid = 0 } = attributes;
  if (mode === undefined) throw untold();
  const type = typeOf(mode);
  return {
    name,
    type,
    mode: mode & 0o7777,
    size: type === 'file' ? size : 0,
    mtime: mtime * 1_000_000,
    uid,
    gid,
    target,
    identity: undefined,
  };
}
