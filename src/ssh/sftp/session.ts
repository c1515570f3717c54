import type { Duplex } from 'node:stream';
import { type ByteString, byteString } from '../../system/byte-string.ts';
import { type CellarmanError, failure, isFailure } from '../../system/errors.ts';
import { type AttributeChanges, NO_CHANGES, type SftpAttributes, writeAttributes } from './attributes.ts';
import { ByteWindow } from './byte-window.ts';
import { Exchange } from './exchange.ts';
import { DEFAULT_LIMITS, GREETING, type Greeting, LIMITS, type Limits } from './greeting.ts';
import { NewSmallFile, type SmallFileMaker } from './new-small-file.ts';
import type { PacketWriter } from './packet-writer.ts';
import { Extension, type ExtensionName, Packet, PROTOCOL_VERSION } from './protocol.ts';
import {
  ATTRIBUTES,
  CONTENT,
  DONE,
  FILE_SYSTEM,
  HANDLE,
  NAME,
  NAMES,
  OWNER_NAMES,
  type OwnerNames,
  type Reply,
  type SftpFileSystem,
  type SftpHandle,
  type SftpName,
} from './replies.ts';
import { SmallFile, type SmallFileListener } from './small-file.ts';
import { SftpStatus } from './status.ts';

export type { AttributeChanges, SftpAttributes } from './attributes.ts';
export type { Limits } from './greeting.ts';
export type { SmallFileContent, SmallFileMaker } from './new-small-file.ts';
export type { OwnerNames, SftpFileSystem, SftpHandle, SftpName } from './replies.ts';
export type { SmallFileListener } from './small-file.ts';

/** Content under way in one direction. An ssh2 channel's window is 2 MiB: more than this could not be under way. */
const WINDOW = 4 * 1024 * 1024;
/**
 * Content of small files being made. OpenSSH's server takes 16 KiB from its input for each request that it answers: of
 * small files everything soon lies in its queue, which is copied to a larger place for each 16 KiB that it grows by. With
 * four times as much that took more of the server's time than any system call did.
 */
const SMALL_FILES_WINDOW = 1024 * 1024;
const NOTHING = byteString('');

export interface OpenOptions {
  /** Who is at the other end, for messages: `user@host`. Default `sftp`. */
  readonly host?: string;
  /** Seconds without any byte while an answer is waited for, after which everything is rejected with TIMEOUT. Default 0: never. */
  readonly timeout?: number;
  /** Gives up the opening and ends the stream; without meaning once the session is open. */
  readonly signal?: AbortSignal;
}

/**
 * Begins SFTP on a byte stream, which belongs to the session from now on. NO_SFTP where something else answers,
 * CONNECTION_LOST, TIMEOUT, ABORTED.
 */
export async function openSession(duplex: Duplex, options: OpenOptions = {}): Promise<SftpSession> {
  const { host = 'sftp', timeout = 0, signal } = options;
  const session = new SftpSession(duplex, host, timeout);
  const abort = (): void => session.abandon(failure('ABORTED', undefined, signal?.reason));
  if (signal?.aborted === true) abort();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    await session.start();
    return session;
  } catch (error) {
    session.close();
    throw refused(error)
      ? failure('NO_SFTP', { host, detail: String(error.facts['detail'] ?? error.message) }, error)
      : error;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

/** Whether something is there, but it does not speak SFTP: it ended in good order, or said something else. */
function refused(error: unknown): error is CellarmanError {
  if (isFailure(error, 'CONNECTION_LOST')) return error.cause === undefined;
  return isFailure(error) && (error.code === 'PROTOCOL' || error.cause instanceof SftpStatus);
}

/**
 * The requests of SFTP version 3 and OpenSSH's extensions as promises. All that are made in one turn of the event loop
 * leave in one write, and the server answers in order: make what belongs together without awaiting in between.
 *
 * Paths are the server's, absolute or relative to the directory it starts in. Every rejection is a CellarmanError: of
 * status.ts for what the server refuses, CONNECTION_LOST and PROTOCOL for everything at once, UNSUPPORTED for an
 * extension that the server did not announce. Names that come back are whatever the server said: check them.
 */
export class SftpSession {
  readonly host: string;
  readonly #exchange: Exchange;
  readonly #reads = new ByteWindow(WINDOW);
  readonly #writes = new ByteWindow(WINDOW);
  readonly #newSmallFiles = new ByteWindow(SMALL_FILES_WINDOW);
  #greeting: Greeting = { version: 0, extensions: new Map() };
  #limits: Limits = DEFAULT_LIMITS;

  /** For {@link openSession}. */
  constructor(duplex: Duplex, host: string, timeout: number) {
    this.host = host;
    this.#exchange = new Exchange(duplex, host, timeout, (error) => {
      this.#reads.fail(error);
      this.#writes.fail(error);
      this.#newSmallFiles.fail(error);
    });
  }

  get extensions(): ReadonlyMap<string, ByteString> {
    return this.#greeting.extensions;
  }

  get limits(): Limits {
    return this.#limits;
  }

  /** Requests without an answer. */
  get waiting(): number {
    return this.#exchange.waiting;
  }

  /** Bytes of content under way, both directions. */
  get load(): number {
    return this.#reads.used + this.#writes.used + this.#newSmallFiles.used;
  }

  /** Why the session is over; undefined while it is not. */
  get failure(): CellarmanError | undefined {
    return this.#exchange.failure;
  }

  supports(extension: ExtensionName): boolean {
    return this.#greeting.extensions.has(extension);
  }

  /** For {@link openSession}. */
  async start(): Promise<void> {
    const exchange = this.#exchange;
    this.#greeting = await exchange.greet(PROTOCOL_VERSION, GREETING, NOTHING);
    const { version } = this.#greeting;
    if (version !== PROTOCOL_VERSION) {
      throw failure('PROTOCOL', { detail: `it speaks version ${version}, not ${PROTOCOL_VERSION}` });
    }
    if (this.#beginExtended(Extension.LIMITS) === undefined) return;
    this.#limits = await exchange.send(LIMITS, 'limits', NOTHING).catch((error: CellarmanError) => {
      if (this.failure !== undefined) throw error;
      return DEFAULT_LIMITS;
    });
  }

  /** Ends the session: whatever waits is rejected. Idempotent. */
  close(): void {
    this.abandon(failure('CONNECTION_LOST', { host: this.host, detail: 'it was closed by this program' }));
  }

  /** Ends the session for a reason, which everything that waits or comes later is rejected with. */
  abandon(reason: CellarmanError): void {
    this.#exchange.fail(reason);
  }

  /** `flags`: {@link OpenFlag}. Follows symbolic links, EXCLUSIVE excepted. `mode` is subject to the server's umask. */
  open(path: ByteString, flags: number, mode?: number): Promise<SftpHandle> {
    const packet = this.#exchange.begin(Packet.OPEN);
    packet.string(path);
    packet.u32(flags);
    writeAttributes(packet, mode === undefined ? NO_CHANGES : { mode });
    return this.#exchange.send(HANDLE, 'open', path);
  }

  opendir(path: ByteString): Promise<SftpHandle> {
    return this.#pathRequest(Packet.OPENDIR, HANDLE, 'opendir', path);
  }

  closeHandle(handle: SftpHandle): Promise<void> {
    return this.#handleRequest(Packet.CLOSE, DONE, 'close', handle);
  }

  /**
   * Content from `offset`, at most `length` bytes (`limits.read` is the most a server gives): in pieces as they arrived,
   * the caller's to keep. Fewer bytes are no sign of the end, none are. Waits while too much content is under way.
   */
  read(handle: SftpHandle, offset: number, length: number): Promise<Uint8Array[]> {
    const room = this.#reads.acquire(length);
    return room === undefined
      ? this.#read(handle, offset, length)
      : room.then(() => this.#read(handle, offset, length));
  }

  /** Reads a whole small file, at most `size` bytes, which is no more than `limits.read`; see {@link SmallFile}. */
  readSmall(path: ByteString, size: number, index: number, listener: SmallFileListener): void {
    new SmallFile(this.#exchange, this.#reads, path, size, index, listener).begin();
  }

  /** Makes a new small file of at most `size` bytes, which are no more than `limits.write`; see {@link NewSmallFile}. */
  makeSmall(path: ByteString, size: number, index: number, maker: SmallFileMaker): void {
    new NewSmallFile(this.#exchange, this.#newSmallFiles, path, size, index, maker).begin();
  }

  /** The next names of an open directory, `.` and `..` among them; undefined behind the last. */
  readdir(handle: SftpHandle): Promise<SftpName[] | undefined> {
    return this.#handleRequest(Packet.READDIR, NAMES, 'readdir', handle);
  }

  /** To await before each {@link write} of so many bytes; undefined where there is room at once. */
  writeRoom(bytes: number): Promise<void> | undefined {
    return this.#writes.acquire(bytes);
  }

  /** At most `limits.write` bytes. The block may be reused at once; the promise is the server's answer. */
  write(handle: SftpHandle, offset: number, block: Uint8Array): Promise<void> {
    const packet = this.#exchange.begin(Packet.WRITE);
    packet.string(handle.id);
    packet.u64(offset);
    packet.bytes(block);
    return this.#exchange.send(DONE, 'write', handle.path, { window: this.#writes, bytes: block.length });
  }

  fstat(handle: SftpHandle): Promise<SftpAttributes> {
    return this.#handleRequest(Packet.FSTAT, ATTRIBUTES, 'fstat', handle);
  }

  lstat(path: ByteString): Promise<SftpAttributes> {
    return this.#pathRequest(Packet.LSTAT, ATTRIBUTES, 'lstat', path);
  }

  stat(path: ByteString): Promise<SftpAttributes> {
    return this.#pathRequest(Packet.STAT, ATTRIBUTES, 'stat', path);
  }

  fsetstat(handle: SftpHandle, changes: AttributeChanges): Promise<void> {
    const packet = this.#exchange.begin(Packet.FSETSTAT);
    packet.string(handle.id);
    writeAttributes(packet, changes);
    return this.#exchange.send(DONE, 'fsetstat', handle.path);
  }

  /** Follows symbolic links. The server applies mode, times, owner in this order, and an owner clears set-id bits. */
  setstat(path: ByteString, changes: AttributeChanges): Promise<void> {
    const packet = this.#exchange.begin(Packet.SETSTAT);
    packet.string(path);
    writeAttributes(packet, changes);
    return this.#exchange.send(DONE, 'setstat', path);
  }

  /** {@link setstat} that does not follow a symbolic link. The mode of one cannot be set: FAILURE on Linux. */
  lsetstat(path: ByteString, changes: AttributeChanges): Promise<void> {
    const packet = this.#beginExtended(Extension.LSETSTAT);
    if (packet === undefined) return this.#unsupported(Extension.LSETSTAT);
    packet.string(path);
    writeAttributes(packet, changes);
    return this.#exchange.send(DONE, 'lsetstat', path);
  }

  remove(path: ByteString): Promise<void> {
    return this.#pathRequest(Packet.REMOVE, DONE, 'remove', path);
  }

  rmdir(path: ByteString): Promise<void> {
    return this.#pathRequest(Packet.RMDIR, DONE, 'rmdir', path);
  }

  /** `mode` is subject to the server's umask. */
  mkdir(path: ByteString, mode?: number): Promise<void> {
    const packet = this.#exchange.begin(Packet.MKDIR);
    packet.string(path);
    writeAttributes(packet, mode === undefined ? NO_CHANGES : { mode });
    return this.#exchange.send(DONE, 'mkdir', path);
  }

  realpath(path: ByteString): Promise<ByteString> {
    return this.#pathRequest(Packet.REALPATH, NAME, 'realpath', path);
  }

  readlink(path: ByteString): Promise<ByteString> {
    return this.#pathRequest(Packet.READLINK, NAME, 'readlink', path);
  }

  symlink(target: ByteString, path: ByteString): Promise<void> {
    return this.#pairRequest(this.#exchange.begin(Packet.SYMLINK), 'symlink', target, path, path);
  }

  /** Never replaces on OpenSSH: FAILURE where `to` exists. */
  rename(from: ByteString, to: ByteString): Promise<void> {
    return this.#pairRequest(this.#exchange.begin(Packet.RENAME), 'rename', from, to, from);
  }

  /** rename(2): replaces in one step, and does nothing where both are names of one file. */
  posixRename(from: ByteString, to: ByteString): Promise<void> {
    const packet = this.#beginExtended(Extension.POSIX_RENAME);
    if (packet === undefined) return this.#unsupported(Extension.POSIX_RENAME);
    return this.#pairRequest(packet, 'posix-rename', from, to, from);
  }

  /** link(2); of a symbolic link on Linux the link itself. */
  hardlink(existing: ByteString, path: ByteString): Promise<void> {
    const packet = this.#beginExtended(Extension.HARDLINK);
    if (packet === undefined) return this.#unsupported(Extension.HARDLINK);
    return this.#pairRequest(packet, 'hardlink', existing, path, existing);
  }

  fsync(handle: SftpHandle): Promise<void> {
    const packet = this.#beginExtended(Extension.FSYNC);
    if (packet === undefined) return this.#unsupported(Extension.FSYNC);
    packet.string(handle.id);
    return this.#exchange.send(DONE, 'fsync', handle.path);
  }

  statvfs(path: ByteString): Promise<SftpFileSystem> {
    const packet = this.#beginExtended(Extension.STATVFS);
    if (packet === undefined) return this.#unsupported(Extension.STATVFS);
    packet.string(path);
    return this.#exchange.send(FILE_SYSTEM, 'statvfs', path);
  }

  /** Copies on the server, between two different files. `length` 0: to the end. */
  copyData(
    from: SftpHandle,
    fromOffset: number,
    length: number,
    to: SftpHandle,
    toOffset: number,
  ): Promise<void> {
    const packet = this.#beginExtended(Extension.COPY_DATA);
    if (packet === undefined) return this.#unsupported(Extension.COPY_DATA);
    packet.string(from.id);
    packet.u64(fromOffset);
    packet.u64(length);
    packet.string(to.id);
    packet.u64(toOffset);
    return this.#exchange.send(DONE, 'copy-data', to.path);
  }

  /** The names of users and groups, in the order asked for. */
  usersGroupsById(uids: readonly number[], gids: readonly number[]): Promise<OwnerNames> {
    const packet = this.#beginExtended(Extension.USERS_GROUPS);
    if (packet === undefined) return this.#unsupported(Extension.USERS_GROUPS);
    for (const ids of [uids, gids]) {
      packet.u32(ids.length * 4);
      for (const id of ids) packet.u32(id);
    }
    return this.#exchange.send(OWNER_NAMES, 'users-groups-by-id', NOTHING);
  }

  #read(handle: SftpHandle, offset: number, length: number): Promise<Uint8Array[]> {
    const packet = this.#exchange.begin(Packet.READ);
    packet.string(handle.id);
    packet.u64(offset);
    packet.u32(length);
    return this.#exchange.send(CONTENT, 'read', handle.path, { window: this.#reads, bytes: length });
  }

  #pathRequest<T>(type: number, reply: Reply<T>, operation: string, path: ByteString): Promise<T> {
    this.#exchange.begin(type).string(path);
    return this.#exchange.send(reply, operation, path);
  }

  #handleRequest<T>(type: number, reply: Reply<T>, operation: string, handle: SftpHandle): Promise<T> {
    this.#exchange.begin(type).string(handle.id);
    return this.#exchange.send(reply, operation, handle.path);
  }

  #pairRequest(
    packet: PacketWriter,
    operation: string,
    first: ByteString,
    second: ByteString,
    about: ByteString,
  ): Promise<void> {
    packet.string(first);
    packet.string(second);
    return this.#exchange.send(DONE, operation, about);
  }

  /** Undefined where the server did not announce it. */
  #beginExtended(extension: ExtensionName): PacketWriter | undefined {
    if (!this.supports(extension)) return undefined;
    const packet = this.#exchange.begin(Packet.EXTENDED);
    packet.string(extension);
    return packet;
  }

  #unsupported(extension: ExtensionName): Promise<never> {
    return Promise.reject(failure('UNSUPPORTED', { operation: extension, where: this.host }));
  }
}
