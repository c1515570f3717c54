import type { ByteString } from '../../system/byte-string.ts';
import type { PacketReader } from './packet-reader.ts';
import { DEFAULT_IO, MAX_PACKET, Packet } from './protocol.ts';
import type { Reply } from './replies.ts';

/** What the server says of itself in VERSION. */
export interface Greeting {
  readonly version: number;
  /** Extension names and their data, mostly a version number. */
  readonly extensions: ReadonlyMap<string, ByteString>;
}

export const GREETING: Reply<Greeting> = {
  type: Packet.VERSION,
  atEnd: undefined,
  content: undefined,
  read(packet: PacketReader): Greeting {
    const version = packet.u32();
    const extensions = new Map<string, ByteString>();
    while (packet.remaining > 0) extensions.set(packet.string(), packet.string());
    return { version, extensions };
  },
};

export interface Limits {
  /** Bytes of content in one READ. */
  readonly read: number;
  /** Bytes of content in one WRITE. */
  readonly write: number;
  /** Handles open at once in one session; undefined where the server does not tell. */
  readonly handles: number | undefined;
}

export const DEFAULT_LIMITS: Limits = { read: DEFAULT_IO, write: DEFAULT_IO, handles: undefined };

/** Content and the fields around it must fit in a packet: what OpenSSH leaves for the fields. */
const MAX_IO = MAX_PACKET - 1024;

export const LIMITS: Reply<Limits> = {
  type: Packet.EXTENDED_REPLY,
  atEnd: undefined,
  content: undefined,
  read(packet: PacketReader): Limits {
    packet.u64();
    const read = packet.u64() || DEFAULT_IO;
    const write = packet.u64() || DEFAULT_IO;
    return {
      read: Math.min(read, MAX_IO),
      write: Math.min(write, MAX_IO),
      handles: packet.u64() || undefined,
    };
  },
};
