import type { PacketReader } from './packet-reader.ts';
import type { PacketWriter } from './packet-writer.ts';
import { AttributeFlag } from './protocol.ts';

/** Attributes as SFTP carries them: what the server left out is undefined. */
export interface SftpAttributes {
  /** Bytes. Beyond 2^53 the number is rounded. */
  readonly size: number | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** st_mode: the type's bits and the permission bits. */
  readonly mode: number | undefined;
  /** Whole seconds since the epoch, unsigned 32 bit: OpenSSH sends a time before 1970 as 2^32 less its distance. */
  readonly atime: number | undefined;
  readonly mtime: number | undefined;
}

/** What to set. `uid` and `gid`, and `atime` and `mtime`, exist on the wire as pairs only. */
export interface AttributeChanges {
  readonly size?: number;
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Permission bits. */
  readonly mode?: number;
  /** Whole seconds since the epoch; what does not fit in 32 bits is cut as the servers cut it. */
  readonly times?: { readonly atime: number; readonly mtime: number };
}

export const NO_CHANGES: AttributeChanges = {};

export function readAttributes(packet: PacketReader): SftpAttributes {
  const flags = packet.u32();
  const size = flags & AttributeFlag.SIZE ? packet.u64() : undefined;
  const owned = flags & AttributeFlag.UIDGID;
  const uid = owned ? packet.u32() : undefined;
  const gid = owned ? packet.u32() : undefined;
  const mode = flags & AttributeFlag.PERMISSIONS ? packet.u32() : undefined;
  const timed = flags & AttributeFlag.ACMODTIME;
  const atime = timed ? packet.u32() : undefined;
  const mtime = timed ? packet.u32() : undefined;
  if (flags & AttributeFlag.EXTENDED) {
    // The count needs no bound of its own: every pair takes eight bytes of a packet whose end is checked.
    for (let left = packet.u32(); left > 0; left--) {
      packet.skipString();
      packet.skipString();
    }
  }
  return { size, uid, gid, mode, atime, mtime };
}

export function writeAttributes(packet: PacketWriter, changes: AttributeChanges): void {
  const { size, owner, mode, times } = changes;
  packet.u32(
    (size === undefined ? 0 : AttributeFlag.SIZE) |
      (owner === undefined ? 0 : AttributeFlag.UIDGID) |
      (mode === undefined ? 0 : AttributeFlag.PERMISSIONS) |
      (times === undefined ? 0 : AttributeFlag.ACMODTIME),
  );
  if (size !== undefined) packet.u64(size);
  if (owner !== undefined) {
    packet.u32(owner.uid);
    packet.u32(owner.gid);
  }
  if (mode !== undefined) packet.u32(mode);
  if (times !== undefined) {
    packet.u32(times.atime);
    packet.u32(times.mtime);
  }
}
