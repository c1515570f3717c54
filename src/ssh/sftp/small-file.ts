import type { ByteString } from '../../system/byte-string.ts';
import type { CellarmanError } from '../../system/errors.ts';
import { NO_CHANGES, readAttributes, type SftpAttributes, writeAttributes } from './attributes.ts';
import type { ByteWindow } from './byte-window.ts';
import type { Exchange } from './exchange.ts';
import { brokenPacket, type PacketReader } from './packet-reader.ts';
import { OpenFlag, Packet, Status } from './protocol.ts';
import { HANDLE, type SftpHandle } from './replies.ts';
import { noAnswer, type Pending } from './request.ts';
import { readStatus, statusFailure } from './status.ts';

/** What becomes of a small file. Nothing of it throws. */
export interface SmallFileListener {
  /** What LSTAT said: a reason not to read the file, or undefined. */
  refuse(index: number, before: SftpAttributes): CellarmanError | undefined;
  /** The content, no more than was asked for, and what FSTAT said behind it. */
  arrived(index: number, blocks: readonly Uint8Array[], after: SftpAttributes): void;
  failed(index: number, error: CellarmanError): void;
}

/** No request has it. */
const NONE = -1;

/**
 * A small file on its way: LSTAT and OPEN leave in one write, then READ, FSTAT and CLOSE. A tree's files are mostly small
 * and many, and a promise for each request would cost more than their bytes.
 */
export class SmallFile implements Pending {
  readonly #exchange: Exchange;
  readonly #window: ByteWindow;
  readonly #path: ByteString;
  readonly #size: number;
  readonly #index: number;
  readonly #listener: SmallFileListener;
  #lstat = NONE;
  #open = NONE;
  #read = NONE;
  #fstat = NONE;
  /** Answers to come before the next step. */
  #awaited = 0;
  #handle: SftpHandle | undefined;
  #holdsRoom = false;
  #blocks: readonly Uint8Array[] = [];
  #after: SftpAttributes | undefined;
  #error: CellarmanError | undefined;
  #told = false;

  /** `index` is what `listener` knows the file by; `size` bytes are asked for. */
  constructor(
    exchange: Exchange,
    window: ByteWindow,
    path: ByteString,
    size: number,
    index: number,
    listener: SmallFileListener,
  ) {
    this.#exchange = exchange;
    this.#window = window;
    this.#path = path;
    this.#size = size;
    this.#index = index;
    this.#listener = listener;
  }

  begin(): void {
    const exchange = this.#exchange;
    this.#awaited = 2;
    exchange.begin(Packet.LSTAT).string(this.#path);
    this.#lstat = exchange.post(this);
    const packet = exchange.begin(Packet.OPEN);
    packet.string(this.#path);
    packet.u32(OpenFlag.READ);
    writeAttributes(packet, NO_CHANGES);
    this.#open = exchange.post(this);
  }

  answer(type: number, packet: PacketReader, host: string, id: number): void {
    if (this.#told) return;
    const operation = this.#operation(id);
    if (type === Packet.STATUS) {
      const status = readStatus(packet);
      if (status.code === Status.OK) throw noAnswer(type, operation);
      // Nothing comes at the end of the file.
      if (id !== this.#read || status.code !== Status.EOF)
        this.#error ??= statusFailure(status, operation, this.#path, host);
    } else if (type === Packet.HANDLE && id === this.#open) {
      this.#handle = HANDLE.read(packet, this.#path);
    } else if (type === Packet.ATTRS && id === this.#lstat) {
      this.#error ??= this.#listener.refuse(this.#index, readAttributes(packet));
    } else if (type === Packet.ATTRS && id === this.#fstat) {
      this.#after = readAttributes(packet);
    } else {
      throw noAnswer(type, operation);
    }
    this.#advance();
  }

  content(blocks: readonly Uint8Array[], id: number): void {
    if (this.#told) return;
    if (id !== this.#read) throw noAnswer(Packet.DATA, this.#operation(id));
    let bytes = 0;
    for (const block of blocks) bytes += block.length;
    if (bytes > this.#size) throw brokenPacket('more content than was asked for');
    this.#blocks = blocks;
    this.#advance();
  }

  fail(error: CellarmanError): void {
    if (this.#told) return;
    this.#told = true;
    this.#giveRoomBack();
    this.#listener.failed(this.#index, error);
  }

  #advance(): void {
    if (--this.#awaited > 0) return;
    if (this.#read !== NONE || this.#error !== undefined) {
      this.#end();
      return;
    }
    const room = this.#window.acquire(this.#size);
    if (room === undefined) this.#ask();
    else
      room.then(
        () => this.#ask(),
        (error: CellarmanError) => this.fail(error),
      );
  }

  #ask(): void {
    const exchange = this.#exchange;
    const { id } = this.#opened();
    this.#holdsRoom = true;
    this.#awaited = 2;
    const packet = exchange.begin(Packet.READ);
    packet.string(id);
    packet.u64(0);
    packet.u32(this.#size);
    this.#read = exchange.post(this);
    exchange.begin(Packet.FSTAT).string(id);
    this.#fstat = exchange.post(this);
    this.#close();
  }

  #end(): void {
    this.#told = true;
    this.#giveRoomBack();
    if (this.#after !== undefined && this.#error === undefined) {
      this.#listener.arrived(this.#index, this.#blocks, this.#after);
      return;
    }
    if (this.#read === NONE && this.#handle !== undefined) this.#close();
    this.#listener.failed(this.#index, this.#error ?? brokenPacket('a file without its attributes'));
  }

  /** Nothing depends on the answer. */
  #close(): void {
    this.#exchange.begin(Packet.CLOSE).string(this.#opened().id);
    this.#exchange.post(UNHEARD);
  }

  #opened(): SftpHandle {
    if (this.#handle === undefined) throw brokenPacket('a file was opened without a handle');
    return this.#handle;
  }

  #giveRoomBack(): void {
    if (this.#holdsRoom) this.#window.release(this.#size);
    this.#holdsRoom = false;
  }

  #operation(id: number): string {
    if (id === this.#lstat) return 'lstat';
    if (id === this.#open) return 'open';
    return id === this.#read ? 'read' : 'fstat';
  }
}

const UNHEARD: Pending = {
  answer() {},
  content() {
    throw noAnswer(Packet.DATA, 'close');
  },
  fail() {},
};
