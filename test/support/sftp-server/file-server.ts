import * as fs from 'node:fs';
import { readAttributes } from '../../../src/ssh/sftp/attributes.ts';
import { PacketReader } from '../../../src/ssh/sftp/packet-reader.ts';
import { PacketWriter } from '../../../src/ssh/sftp/packet-writer.ts';
import { OpenFlag, Packet, PROTOCOL_VERSION } from '../../../src/ssh/sftp/protocol.ts';
import {
  type ByteString,
  byteString,
  fromBuffer,
  fromText,
  toFsPath,
} from '../../../src/system/byte-string.ts';
import * as answer from './answers.ts';
import { apply, ofFile, ofLink, ofPath } from './attributes.ts';
import { Handles } from './handles.ts';
import { Refusal, Status, statusOf } from './refusal.ts';

/** What this server can do of OpenSSH's extensions; each announces version 1. */
export const EXTENSIONS = [
  'posix-rename@openssh.com',
  'hardlink@openssh.com',
  'fsync@openssh.com',
  'lsetstat@openssh.com',
  'limits@openssh.com',
] as const;
export type ExtensionName = (typeof EXTENSIONS)[number];

/** What the limits extension tells, and OpenSSH's own numbers: bytes of a packet, a read and a write; handles. */
const LIMITS = [256 * 1024, 255 * 1024, 255 * 1024, 1000];
const NAMES_AT_ONCE = 100;

type Operation = () => answer.Answer;

/**
 * SFTP version 3 over a directory of this machine, which the client sees as `/`. One request after the other with
 * synchronous calls. A symbolic link leads where it leads: this is for tests and demonstrations, not for strangers.
 */
export class FileServer {
  readonly #root: ByteString;
  readonly #extensions: readonly ExtensionName[];
  readonly #handles = new Handles();
  readonly #in = new PacketReader();

  constructor(root: string, extensions: readonly ExtensionName[]) {
    this.#root = byteString(fromText(fs.realpathSync(root)).replace(/\/$/, ''));
    this.#extensions = extensions;
  }

  close(): void {
    this.#handles.closeAll();
  }

  /** The answer to a packet (given without its length word), in pieces. */
  answer(packet: Buffer): Buffer[] {
    const out = new PacketWriter();
    const type = packet[0] ?? 0;
    this.#in.reset(packet, 1, packet.length);
    const id = this.#in.u32();
    if (type === Packet.INIT) this.#greet(out);
    else this.#attempt(this.#operations[type])(out, id);
    const pieces: Buffer[] = [];
    for (let piece = out.take(); piece !== undefined; piece = out.take()) pieces.push(piece);
    return pieces;
  }

  #greet(out: PacketWriter): void {
    out.begin(Packet.VERSION, PROTOCOL_VERSION);
    for (const name of this.#extensions) {
      out.string(name);
      out.string('1');
    }
    out.finish();
  }

  #attempt(operation: Operation | undefined): answer.Answer {
    try {
      if (operation === undefined) throw new Refusal(Status.OP_UNSUPPORTED, 'not supported');
      return operation();
    } catch (error) {
      return answer.status(statusOf(error), error instanceof Error ? error.message : String(error));
    }
  }

  readonly #operations: Readonly<Record<number, Operation>> = {
    [Packet.OPEN]: () => this.#open(),
    [Packet.CLOSE]: this.#doing(() => this.#handles.close(this.#in.string())),
    [Packet.READ]: () => this.#read(),
    [Packet.WRITE]: this.#doing(() => this.#write()),
    [Packet.STAT]: () => answer.attributes(fs.statSync(this.#path())),
    [Packet.LSTAT]: () => answer.attributes(fs.lstatSync(this.#path())),
    [Packet.FSTAT]: () => answer.attributes(fs.fstatSync(this.#file())),
    [Packet.SETSTAT]: this.#doing(() => apply(ofPath(this.#path()), readAttributes(this.#in))),
    [Packet.FSETSTAT]: this.#doing(() => apply(ofFile(this.#file()), readAttributes(this.#in))),
    [Packet.OPENDIR]: () => this.#openDirectory(),
    [Packet.READDIR]: () => this.#readDirectory(),
    [Packet.REMOVE]: this.#doing(() => fs.unlinkSync(this.#path())),
    [Packet.MKDIR]: this.#doing(() => {
      const path = this.#path();
      fs.mkdirSync(path, (readAttributes(this.#in).mode ?? 0o777) & 0o7777);
    }),
    [Packet.RMDIR]: this.#doing(() => fs.rmdirSync(this.#path())),
    [Packet.REALPATH]: () => answer.names([{ name: this.#realPath() }]),
    [Packet.READLINK]: () => answer.names([{ name: fromBuffer(fs.readlinkSync(this.#path(), 'buffer')) }]),
    // The target comes first, as with OpenSSH and against the draft.
    [Packet.SYMLINK]: this.#doing(() => fs.symlinkSync(toFsPath(this.#in.string()), this.#path())),
    [Packet.RENAME]: this.#doing(() => this.#renameOntoNothing()),
    [Packet.EXTENDED]: () => this.#extended(),
  };

  #doing(action: () => void): Operation {
    return () => {
      action();
      return answer.done;
    };
  }

  #extended(): answer.Answer {
    const name = this.#in.string();
    switch (this.#extensions.find((extension) => extension === name)) {
      case 'posix-rename@openssh.com':
        fs.renameSync(this.#path(), this.#path());
        return answer.done;
      case 'hardlink@openssh.com':
        fs.linkSync(this.#path(), this.#path());
        return answer.done;
      case 'fsync@openssh.com':
        fs.fsyncSync(this.#file());
        return answer.done;
      case 'lsetstat@openssh.com':
        apply(ofLink(this.#path()), readAttributes(this.#in));
        return answer.done;
      case 'limits@openssh.com':
        return answer.numbers(LIMITS);
      case undefined:
        throw new Refusal(Status.OP_UNSUPPORTED, 'not supported');
    }
  }

  #open(): answer.Answer {
    const path = this.#path();
    const wanted = this.#in.u32();
    const { mode } = readAttributes(this.#in);
    const { O_RDONLY, O_WRONLY, O_RDWR, O_APPEND, O_CREAT, O_TRUNC, O_EXCL } = fs.constants;
    const writes = (wanted & OpenFlag.WRITE) !== 0;
    const access = writes ? (wanted & OpenFlag.READ ? O_RDWR : O_WRONLY) : O_RDONLY;
    const flags =
      access |
      (wanted & OpenFlag.APPEND ? O_APPEND : 0) |
      (wanted & OpenFlag.CREATE ? O_CREAT : 0) |
      (wanted & OpenFlag.TRUNCATE ? O_TRUNC : 0) |
      (wanted & OpenFlag.EXCLUSIVE ? O_EXCL : 0);
    return answer.handle(this.#handles.addFile(fs.openSync(path, flags, (mode ?? 0o666) & 0o7777)));
  }

  #read(): answer.Answer {
    const fd = this.#file();
    const offset = this.#in.u64();
    const bytes = Buffer.alloc(Math.min(this.#in.u32(), LIMITS[1] ?? 0));
    const count = fs.readSync(fd, bytes, 0, bytes.length, offset);
    return count === 0 ? answer.status(Status.EOF, '') : answer.data(bytes.subarray(0, count));
  }

  #write(): void {
    const fd = this.#file();
    const offset = this.#in.u64();
    const bytes = this.#in.slice();
    for (let at = 0; at < bytes.length; ) {
      at += fs.writeSync(fd, bytes, at, bytes.length - at, offset + at);
    }
  }

  #openDirectory(): answer.Answer {
    const path = this.#path();
    const names = ['.', '..', ...fs.readdirSync(path, 'buffer').map(fromBuffer)].map(byteString);
    return answer.handle(this.#handles.addDirectory({ path: fromPath(path), names }));
  }

  #readDirectory(): answer.Answer {
    const { path, names } = this.#handles.directory(this.#in.string());
    if (names.length === 0) return answer.status(Status.EOF, '');
    return answer.names(
      names.splice(0, NAMES_AT_ONCE).flatMap((name) => {
        const stats = fs.lstatSync(toFsPath(byteString(`${path}/${name}`)), { throwIfNoEntry: false });
        return stats === undefined ? [] : [{ name, stats }];
      }),
    );
  }

  /** The rename of the draft, which fails where something is in the way. */
  #renameOntoNothing(): void {
    const from = this.#path();
    const to = this.#path();
    if (fs.lstatSync(to, { throwIfNoEntry: false })) throw new Refusal(Status.FAILURE, 'it exists');
    fs.renameSync(from, to);
  }

  #realPath(): ByteString {
    const real = fromBuffer(fs.realpathSync(this.#path(), 'buffer'));
    const inside = real === this.#root || real.startsWith(`${this.#root}/`);
    return inside ? byteString(real.slice(this.#root.length) || '/') : real;
  }

  #file(): number {
    return this.#handles.file(this.#in.string());
  }

  /** The next path of the request, absolute or relative to `/`, which is also where a session starts. */
  #path(): string | Buffer {
    const parts: string[] = [];
    for (const part of this.#in.string().split('/')) {
      if (part === '..') parts.pop();
      else if (part !== '' && part !== '.') parts.push(part);
    }
    return toFsPath(byteString(`${this.#root}/${parts.join('/')}`));
  }
}

const fromPath = (path: string | Buffer): ByteString =>
  typeof path === 'string' ? byteString(path) : fromBuffer(path);
