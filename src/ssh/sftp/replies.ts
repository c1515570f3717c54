import type { ByteString } from '../../system/byte-string.ts';
import { readAttributes, type SftpAttributes } from './attributes.ts';
import { brokenPacket, PacketReader } from './packet-reader.ts';
import { Packet } from './protocol.ts';

/** How the answer to a kind of request is read. */
export interface Reply<T> {
  /** The packet that carries the answer; STATUS for requests that give nothing back. */
  readonly type: number;
  /** `path` is what the request was about. */
  read(packet: PacketReader, path: ByteString): T;
  /** The answer where the server says EOF; undefined where EOF is an error. */
  readonly atEnd: (() => T) | undefined;
  /** The answer made of the content of a DATA packet. */
  readonly content: ((blocks: Uint8Array[]) => T) | undefined;
}

/** An open file or directory on the server. */
export interface SftpHandle {
  readonly id: ByteString;
  /** As it was opened; for messages. */
  readonly path: ByteString;
}

export interface SftpName {
  readonly name: ByteString;
  readonly attributes: SftpAttributes;
}

/** statvfs(3), as far as it is used. */
export interface SftpFileSystem {
  /** Bytes an unprivileged writer can still use. */
  readonly available: number;
  /** Files an unprivileged writer can still make; 0 also where the file system does not count them. */
  readonly files: number;
  /** Equal for two paths on one file system. */
  readonly id: string;
  readonly readOnly: boolean;
  /** The longest name, bytes. */
  readonly nameMax: number;
}

function reply<T>(
  type: number,
  read: Reply<T>['read'],
  atEnd?: () => T,
  content?: Reply<T>['content'],
): Reply<T> {
  return { type, read, atEnd, content };
}

export const DONE: Reply<void> = reply(Packet.STATUS, () => undefined);

export const ATTRIBUTES: Reply<SftpAttributes> = reply(Packet.ATTRS, readAttributes);

/** No handle is longer, by the draft. */
const MAX_HANDLE = 256;

export const HANDLE: Reply<SftpHandle> = reply(Packet.HANDLE, (packet, path) => {
  const id = packet.string();
  if (id.length > MAX_HANDLE) throw brokenPacket(`a handle of ${id.length} bytes`);
  return { id, path };
});

/** Content as it arrived, in pieces; none at the end of the file. */
export const CONTENT: Reply<Uint8Array[]> = reply(
  Packet.DATA,
  () => [],
  () => [],
  (blocks) => blocks,
);

/** The next names of a directory; undefined behind the last. */
export const NAMES: Reply<SftpName[] | undefined> = reply(Packet.NAME, readNames, () => undefined);

function readNames(packet: PacketReader): SftpName[] {
  const names: SftpName[] = [];
  // The count needs no bound of its own: the packet ends before a false one does.
  for (let left = packet.u32(); left > 0; left--) {
    const name = packet.string();
    packet.skipString();
    names.push({ name, attributes: readAttributes(packet) });
  }
  return names;
}

/** The one name REALPATH and READLINK give. */
export const NAME: Reply<ByteString> = reply(Packet.NAME, (packet) => {
  if (packet.u32() !== 1) throw brokenPacket('not one name where one was asked for');
  return packet.string();
});

const READ_ONLY_FILE_SYSTEM = 1;

export const FILE_SYSTEM: Reply<SftpFileSystem> = reply(Packet.EXTENDED_REPLY, (packet) => {
  packet.u64();
  const unit = packet.u64();
  packet.u64();
  packet.u64();
  const available = packet.u64() * unit;
  packet.u64();
  packet.u64();
  const files = packet.u64();
  const id = `${packet.u32()}:${packet.u32()}`;
  // The flag is in the low half; the high half would be lost in a bit operation.
  packet.u32();
  const readOnly = (packet.u32() & READ_ONLY_FILE_SYSTEM) !== 0;
  return { available, files, id, readOnly, nameMax: packet.u64() };
});

/** Users' and groups' names in the order asked for; the empty string where the server knows none. */
export interface OwnerNames {
  readonly users: readonly ByteString[];
  readonly groups: readonly ByteString[];
}

export const OWNER_NAMES: Reply<OwnerNames> = reply(Packet.EXTENDED_REPLY, (packet) => ({
  users: readStrings(packet.slice()),
  groups: readStrings(packet.slice()),
}));

function readStrings(bytes: Buffer): ByteString[] {
  const packet = new PacketReader();
  packet.reset(bytes, 0, bytes.length);
  const strings: ByteString[] = [];
  while (packet.remaining > 0) strings.push(packet.string());
  return strings;
}
