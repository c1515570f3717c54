import { type BigIntStats, constants } from 'node:fs';
import type { ByteString } from '../../system/byte-string.ts';
import type { Entry, EntryType } from '../entry.ts';

const { S_IFMT, S_IFREG, S_IFDIR, S_IFLNK, S_IFIFO, S_IFSOCK } = constants;
const TYPES: ReadonlyMap<number, EntryType> = new Map([
  [S_IFREG, 'file'],
  [S_IFDIR, 'directory'],
  [S_IFLNK, 'symlink'],
  [S_IFIFO, 'fifo'],
  [S_IFSOCK, 'socket'],
]);

/** Nanoseconds to whole microseconds, towards the past also before 1970. */
const floorMicroseconds = (ns: bigint): number => Number((ns < 0n ? ns - 999n : ns) / 1000n);

/** An Entry from what lstat(2) told; only the 64-bit form of it holds the microseconds exactly. */
export function localEntry(name: ByteString, stats: BigIntStats, target: ByteString | undefined): Entry {
  const mode = Number(stats.mode);
  const type = TYPES.get(mode & S_IFMT) ?? 'device';
  return {
    name,
    type,
    mode: mode & 0o7777,
    size: type === 'file' ? Number(stats.size) : 0,
    mtime: floorMicroseconds(stats.mtimeNs),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    target,
    identity: {
      device: Number(stats.dev),
      inode: Number(stats.ino),
      links: Number(stats.nlink),
      changed: floorMicroseconds(stats.ctimeNs),
    },
  };
}
