import {
  chmodSync,
  chownSync,
  fchmodSync,
  fchownSync,
  ftruncateSync,
  futimesSync,
  lchownSync,
  lutimesSync,
  type Stats,
  truncateSync,
  utimesSync,
} from 'node:fs';
import type { SftpAttributes } from '../../../src/ssh/sftp/attributes.ts';
import type { PacketWriter } from '../../../src/ssh/sftp/packet-writer.ts';
import { AttributeFlag } from '../../../src/ssh/sftp/protocol.ts';

/** Times are whole seconds, cut off rather than rounded, as OpenSSH's server sends them. */
export function writeStats(packet: PacketWriter, stats: Stats): void {
  const { SIZE, UIDGID, PERMISSIONS, ACMODTIME } = AttributeFlag;
  packet.u32(SIZE | UIDGID | PERMISSIONS | ACMODTIME);
  packet.u64(stats.size);
  packet.u32(stats.uid);
  packet.u32(stats.gid);
  packet.u32(stats.mode);
  packet.u32(Math.floor(stats.atimeMs / 1000));
  packet.u32(Math.floor(stats.mtimeMs / 1000));
}

/** How attributes of one kind of thing are set: of an open file, of a path, or of a symbolic link itself. */
export interface Setters {
  size(size: number): void;
  mode(mode: number): void;
  times(atime: number, mtime: number): void;
  owner(uid: number, gid: number): void;
}

type Path = string | Buffer;

export const ofFile = (fd: number): Setters => ({
  size: (size) => ftruncateSync(fd, size),
  mode: (mode) => fchmodSync(fd, mode),
  times: (atime, mtime) => futimesSync(fd, atime, mtime),
  owner: (uid, gid) => fchownSync(fd, uid, gid),
});

export const ofPath = (path: Path): Setters => ({
  size: (size) => truncateSync(path, size),
  mode: (mode) => chmodSync(path, mode),
  times: (atime, mtime) => utimesSync(path, atime, mtime),
  owner: (uid, gid) => chownSync(path, uid, gid),
});

export const ofLink = (path: Path): Setters => ({
  ...ofPath(path),
  times: (atime, mtime) => lutimesSync(path, atime, mtime),
  owner: (uid, gid) => lchownSync(path, uid, gid),
});

/** In OpenSSH's order, whose last step clears the setuid bits that the second has set. */
export function apply(setters: Setters, { size, mode, uid, gid, atime, mtime }: SftpAttributes): void {
  if (size !== undefined) setters.size(size);
  if (mode !== undefined) setters.mode(mode & 0o7777);
  if (atime !== undefined && mtime !== undefined) setters.times(atime, mtime);
  if (uid !== undefined && gid !== undefined) setters.owner(uid, gid);
}
