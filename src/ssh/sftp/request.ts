import type { ByteString } from '../../system/byte-string.ts';
import type { CellarmanError } from '../../system/errors.ts';
import type { ByteWindow } from './byte-window.ts';
import { brokenPacket, type PacketReader } from './packet-reader.ts';
import { Packet, Status } from './protocol.ts';
import type { Reply } from './replies.ts';
import { readStatus, statusFailure } from './status.ts';

/** A request without its answer. */
export interface Pending {
  /** PROTOCOL is thrown when the packet is no answer to this request. */
  answer(type: number, packet: PacketReader, host: string, id: number): void;
  content(blocks: Uint8Array[], id: number): void;
  fail(error: CellarmanError): void;
}

/** Room taken in a window, given back when the request is answered. */
export interface Room {
  readonly window: ByteWindow;
  readonly bytes: number;
}

export class Request<T> implements Pending {
  readonly #reply: Reply<T>;
  readonly #operation: string;
  readonly #path: ByteString;
  readonly #room: Room | undefined;
  readonly #resolve: (value: T) => void;
  readonly #reject: (error: CellarmanError) => void;

  constructor(
    reply: Reply<T>,
    operation: string,
    path: ByteString,
    room: Room | undefined,
    resolve: (value: T) => void,
    reject: (error: CellarmanError) => void,
  ) {
    this.#reply = reply;
    this.#operation = operation;
    this.#path = path;
    this.#room = room;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  answer(type: number, packet: PacketReader, host: string): void {
    if (type === Packet.STATUS) this.#answerStatus(packet, host);
    else if (type === this.#reply.type) this.#succeed(this.#reply.read(packet, this.#path));
    else throw this.#unexpected(type);
  }

  content(blocks: Uint8Array[]): void {
    if (this.#reply.content === undefined) throw this.#unexpected(Packet.DATA);
    let bytes = 0;
    for (const block of blocks) bytes += block.length;
    if (this.#room !== undefined && bytes > this.#room.bytes)
      throw brokenPacket('more content than was asked for');
    this.#succeed(this.#reply.content(blocks));
  }

  fail(error: CellarmanError): void {
    this.#room?.window.release(this.#room.bytes);
    this.#reject(error);
  }

  #answerStatus(packet: PacketReader, host: string): void {
    const status = readStatus(packet);
    if (status.code === Status.OK) {
      if (this.#reply.type !== Packet.STATUS) throw this.#unexpected(Packet.STATUS);
      this.#succeed(this.#reply.read(packet, this.#path));
    } else if (status.code === Status.EOF && this.#reply.atEnd !== undefined) {
      this.#succeed(this.#reply.atEnd());
    } else {
      this.fail(statusFailure(status, this.#operation, this.#path, host));
    }
  }

  #succeed(value: T): void {
    this.#room?.window.release(this.#room.bytes);
    this.#resolve(value);
  }

  #unexpected(type: number): CellarmanError {
    return noAnswer(type, this.#operation);
  }
}

export function noAnswer(type: number, operation: string): CellarmanError {
  return brokenPacket(`packet type ${type} is no answer to "${operation}"`);
}
