import type { ByteString } from '../../system/byte-string.ts';
import type { CellarmanError } from '../../system/errors.ts';
import { type AttributeChanges, writeAttributes } from './attributes.ts';
import type { ByteWindow } from './byte-window.ts';
import type { Exchange } from './exchange.ts';
import type { PacketReader } from './packet-reader.ts';
import { Extension, OpenFlag, Packet, Status } from './protocol.ts';
import { HANDLE } from './replies.ts';
import { noAnswer, type Pending } from './request.ts';
import { readStatus } from './status.ts';

/** What a small file that was just opened is to be. */
export interface SmallFileContent {
  /** No more bytes than were said, and no block of more than `limits.write`. */
  readonly blocks: readonly Uint8Array[];
  /** In this order. */
  readonly changes: readonly AttributeChanges[];
  /** By fsync@openssh.com, which the server must have announced. */
  readonly sync: boolean;
  /** Where it goes by posix-rename@openssh.com, which the server must have announced; undefined: it stays. */
  readonly to: ByteString | undefined;
}

/** What becomes of a small file to be made: one of the last three, once. Nothing of it throws. */
export interface SmallFileMaker {
  /** Undefined: it is removed again. The blocks may be reused when other content is asked for. */
  content(index: number): SmallFileContent | undefined;
  made(index: number): void;
  /** The server refused something, or there was no content; nothing is left of the file. */
  missed(index: number): void;
  /** With the session. Something may be left of it. */
  failed(index: number, error: CellarmanError): void;
}

/** Its owner's alone until told otherwise. */
const PRIVATE = 0o600;

/**
 * A small file being made: OPEN, and when that is answered WRITE, FSETSTAT, FSYNC and CLOSE in one write, then RENAME. See
 * {@link SmallFile} for why.
 */
export class NewSmallFile implements Pending {
  readonly #exchange: Exchange;
  readonly #window: ByteWindow;
  readonly #path: ByteString;
  readonly #size: number;
  readonly #index: number;
  readonly #maker: SmallFileMaker;
  #step: 'open' | 'fill' | 'rename' | 'remove' = 'open';
  /** Answers to come before the next step. */
  #awaited = 1;
  #refused = false;
  #to: ByteString | undefined;
  #holdsRoom = false;
  #told = false;

  /** `index` is what `maker` knows the file by; it gives at most `size` bytes. */
  constructor(
    exchange: Exchange,
    window: ByteWindow,
    path: ByteString,
    size: number,
    index: number,
    maker: SmallFileMaker,
  ) {
    this.#exchange = exchange;
    this.#window = window;
    this.#path = path;
    this.#size = size;
    this.#index = index;
    this.#maker = maker;
  }

  begin(): void {
    const packet = this.#exchange.begin(Packet.OPEN);
    packet.string(this.#path);
    packet.u32(OpenFlag.WRITE | OpenFlag.CREATE | OpenFlag.EXCLUSIVE);
    writeAttributes(packet, { mode: PRIVATE });
    this.#exchange.post(this);
  }

  answer(type: number, packet: PacketReader): void {
    if (this.#told) return;
    if (type === Packet.HANDLE && this.#step === 'open') {
      this.#fillWhenThereIsRoom(HANDLE.read(packet, this.#path).id);
      return;
    }
    if (type !== Packet.STATUS) throw noAnswer(type, this.#step);
    const done = readStatus(packet).code === Status.OK;
    if (done && this.#step === 'open') throw noAnswer(type, this.#step);
    if (!done) this.#refused = true;
    if (--this.#awaited === 0) this.#advance();
  }

  content(): void {
    throw noAnswer(Packet.DATA, this.#step);
  }

  fail(error: CellarmanError): void {
    if (this.#told) return;
    this.#told = true;
    this.#giveRoomBack();
    this.#maker.failed(this.#index, error);
  }

  #fillWhenThereIsRoom(handle: ByteString): void {
    const room = this.#window.acquire(this.#size);
    if (room === undefined) this.#fill(handle);
    else
      room.then(
        () => this.#fill(handle),
        (error: CellarmanError) => this.fail(error),
      );
  }

  #fill(handle: ByteString): void {
    this.#step = 'fill';
    this.#holdsRoom = true;
    const content = this.#maker.content(this.#index);
    this.#awaited = 1;
    if (content === undefined) {
      this.#refused = true;
    } else {
      this.#to = content.to;
      this.#send(handle, content);
    }
    this.#exchange.begin(Packet.CLOSE).string(handle);
    this.#exchange.post(this);
  }

  #send(handle: ByteString, { blocks, changes, sync }: SmallFileContent): void {
    const exchange = this.#exchange;
    let offset = 0;
    for (const block of blocks) {
      const packet = exchange.begin(Packet.WRITE);
      packet.string(handle);
      packet.u64(offset);
      packet.bytes(block);
      this.#post();
      offset += block.length;
    }
    for (const change of changes) {
      const packet = exchange.begin(Packet.FSETSTAT);
      packet.string(handle);
      writeAttributes(packet, change);
      this.#post();
    }
    if (sync) {
      const packet = exchange.begin(Packet.EXTENDED);
      packet.string(Extension.FSYNC);
      packet.string(handle);
      this.#post();
    }
  }

  /** One more answer to wait for. */
  #post(): void {
    this.#awaited++;
    this.#exchange.post(this);
  }

  #advance(): void {
    switch (this.#step) {
      case 'open':
        this.#tell(false);
        return;
      case 'fill':
        this.#giveRoomBack();
        if (this.#refused) this.#remove();
        else if (this.#to === undefined) this.#tell(true);
        else this.#rename(this.#to);
        return;
      case 'rename':
        if (this.#refused) this.#remove();
        else this.#tell(true);
        return;
      case 'remove':
        this.#tell(false);
    }
  }

  #rename(to: ByteString): void {
    this.#step = 'rename';
    const packet = this.#exchange.begin(Packet.EXTENDED);
    packet.string(Extension.POSIX_RENAME);
    packet.string(this.#path);
    packet.string(to);
    this.#post();
  }

  #remove(): void {
    this.#step = 'remove';
    this.#exchange.begin(Packet.REMOVE).string(this.#path);
    this.#post();
  }

  #tell(made: boolean): void {
    this.#told = true;
    if (made) this.#maker.made(this.#index);
    else this.#maker.missed(this.#index);
  }

  #giveRoomBack(): void {
    if (this.#holdsRoom) this.#window.release(this.#size);
    this.#holdsRoom = false;
  }
}
