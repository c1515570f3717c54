import type { ByteString } from '../system/byte-string.ts';

/**
 * A path relative to an endpoint's root: components joined by `/`, no leading or trailing slash, never `.` or `..`; the
 * empty string is the root itself.
 */
export type RelPath = ByteString;

export type EntryType = 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'device';

/** What only a local file system tells, and SFTP does not. */
export interface FileIdentity {
  readonly device: number;
  readonly inode: number;
  /** Number of names of this file (st_nlink). */
  readonly links: number;
  /** st_ctime in microseconds since the epoch, floored. */
  readonly changed: number;
}

/** One name in a directory, as lstat(2) sees it. */
export interface Entry {
  readonly name: ByteString;
  readonly type: EntryType;
  /** Permission bits, `mode & 0o7777`. */
  readonly mode: number;
  /** Bytes; 0 for everything that is not a file. */
  readonly size: number;
  /** st_mtime in microseconds since the epoch, floored to the endpoint's precision. */
  readonly mtime: number;
  readonly uid: number;
  readonly gid: number;
  /** The text of a symbolic link; undefined for everything else. */
  readonly target: ByteString | undefined;
  /** Undefined where the endpoint does not know it. */
  readonly identity: FileIdentity | undefined;
}

/** The attributes that can be set on an entry; what is undefined stays as it is. */
export interface Attributes {
  readonly mode?: number | undefined;
  /** Microseconds since the epoch. */
  readonly mtime?: number | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}
