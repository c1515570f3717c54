import type { Stats } from 'node:fs';
import type { PacketWriter } from '../../../src/ssh/sftp/packet-writer.ts';
import { Packet } from '../../../src/ssh/sftp/protocol.ts';
import type { ByteString } from '../../../src/system/byte-string.ts';
import { writeStats } from './attributes.ts';
import { Status } from './refusal.ts';

/** Writes the answer to the request of this id. */
export type Answer = (out: PacketWriter, id: number) => void;

export interface Named {
  readonly name: ByteString;
  /** Without them the name is all there is to say, as for READLINK. */
  readonly stats?: Stats;
}

const packet =
  (type: number, body: (out: PacketWriter) => void): Answer =>
  (out, id) => {
    out.begin(type, id);
    body(out);
    out.finish();
  };

export const status = (code: number, message: string): Answer =>
  packet(Packet.STATUS, (out) => {
    out.u32(code);
    out.string(message);
    out.string('');
  });

export const done: Answer = status(Status.OK, '');

export const handle = (value: ByteString): Answer => packet(Packet.HANDLE, (out) => out.string(value));

export const data = (bytes: Uint8Array): Answer => packet(Packet.DATA, (out) => out.bytes(bytes));

export const attributes = (stats: Stats): Answer => packet(Packet.ATTRS, (out) => writeStats(out, stats));

export const numbers = (values: readonly number[]): Answer =>
  packet(Packet.EXTENDED_REPLY, (out) => {
    for (const value of values) out.u64(value);
  });

export const names = (entries: readonly Named[]): Answer =>
  packet(Packet.NAME, (out) => {
    out.u32(entries.length);
    for (const { name, stats } of entries) {
      out.string(name);
      out.string(stats === undefined ? name : longName(name, stats));
      if (stats === undefined) out.u32(0);
      else writeStats(out, stats);
    }
  });

/** Like a line of `ls -l`, which is what OpenSSH sends; its second field, the number of links, is nowhere else. */
function longName(name: ByteString, stats: Stats): string {
  const type = stats.isDirectory() ? 'd' : stats.isSymbolicLink() ? 'l' : '-';
  const bits = [...'rwxrwxrwx'].map((letter, at) => (stats.mode & (0o400 >> at) ? letter : '-')).join('');
  return `${type}${bits} ${stats.nlink} ${stats.uid} ${stats.gid} ${stats.size} Jan  1 00:00 ${name}`;
}
