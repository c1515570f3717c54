import type { Duplex } from 'node:stream';
import type { ByteString } from '../../system/byte-string.ts';
import { type CellarmanError, failure, isFailure } from '../../system/errors.ts';
import { watchSilence } from '../silence.ts';
import { Decoder, type PacketSink } from './decoder.ts';
import { brokenPacket, PacketReader, readU32 } from './packet-reader.ts';
import { PacketWriter } from './packet-writer.ts';
import { Packet } from './protocol.ts';
import type { Reply } from './replies.ts';
import { type Pending, Request, type Room } from './request.ts';

/** INIT and VERSION have no id; their exchange is filed under this one, which no other request gets. */
const GREETING_ID = 0;
/** Bytes that are not held back for the end of the turn, so that the server need not wait for them. */
const ENOUGH = 64 * 1024;

/**
 * Requests and their answers over one byte stream. Requests of one turn of the event loop leave in one write. When the
 * stream ends, whatever waits and whatever comes later is rejected: no promise stays open.
 */
export class Exchange implements PacketSink {
  readonly host: string;
  readonly #duplex: Duplex;
  readonly #pending = new Map<number, Pending>();
  readonly #writer = new PacketWriter();
  readonly #reader = new PacketReader();
  readonly #decoder = new Decoder(this);
  readonly #onFailure: (error: CellarmanError) => void;
  #lastId = GREETING_ID;
  #flushPlanned = false;
  /** The stream has taken as much as it wants to, until 'drain'. */
  #full = false;
  #failure: CellarmanError | undefined;
  /** Grows with whatever shows that all is well. */
  #heard = 0;
  readonly #stopWatching: (() => void) | undefined;

  /** @param timeout seconds without any byte while an answer is waited for, after which it is over; 0: it never is */
  constructor(duplex: Duplex, host: string, timeout: number, onFailure: (error: CellarmanError) => void) {
    this.host = host;
    this.#duplex = duplex;
    this.#onFailure = onFailure;
    duplex.on('data', (chunk: Buffer) => this.#receive(chunk));
    duplex.on('drain', () => {
      this.#full = false;
      this.#flush();
    });
    // These stay for ever: a stream may err once more after its end.
    duplex.on('end', () => this.#lost('the other side ended the stream'));
    duplex.on('close', () => this.#lost('the stream was closed'));
    duplex.on('error', (error: Error) =>
      this.fail(isFailure(error) ? error : this.#loss(error.message, error)),
    );
    if (timeout > 0) {
      this.#stopWatching = watchSilence(
        timeout,
        () => (this.#pending.size === 0 ? ++this.#heard : this.#heard),
        () => this.fail(failure('TIMEOUT', { seconds: timeout })),
      );
    }
    if (duplex.destroyed || !duplex.readable || !duplex.writable) this.#lost('the stream is closed');
  }

  /** How many requests wait for their answer. */
  get waiting(): number {
    return this.#pending.size;
  }

  get failure(): CellarmanError | undefined {
    return this.#failure;
  }

  /** Begins a request; the caller adds its fields and sends it before anything else is begun. */
  begin(type: number): PacketWriter {
    do this.#lastId = (this.#lastId + 1) % 0x1_0000_0000;
    while (this.#lastId === GREETING_ID || this.#pending.has(this.#lastId));
    this.#writer.begin(type, this.#lastId);
    return this.#writer;
  }

  /** Sends the begun request. `path` is what it is about; `room` is given back when it is answered. */
  send<T>(reply: Reply<T>, operation: string, path: ByteString, room?: Room): Promise<T> {
    return this.#send(this.#lastId, reply, operation, path, room);
  }

  /** Sends the begun request, whose answer `pending` gets with the id that is returned. */
  post(pending: Pending): number {
    const id = this.#lastId;
    this.#enqueue(id, pending);
    return id;
  }

  /** Sends INIT, which has the version where other packets have their id. */
  greet<T>(version: number, reply: Reply<T>, path: ByteString): Promise<T> {
    this.#writer.begin(Packet.INIT, version);
    return this.#send(GREETING_ID, reply, 'greeting', path, undefined);
  }

  /** Ends the stream and rejects everything with `error`. The first failure counts. */
  fail(error: CellarmanError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#stopWatching?.();
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    // First those that wait for room: giving back the room of the others must not let them pass.
    this.#onFailure(error);
    for (const request of pending) request.fail(error);
    this.#duplex.destroy();
  }

  packet(bytes: Buffer, start: number, end: number): void {
    const type = bytes[start] ?? 0;
    const greeting = type === Packet.VERSION;
    this.#reader.reset(bytes, start + (greeting ? 1 : 5), end);
    const id = greeting ? GREETING_ID : readU32(bytes, start + 1);
    this.#find(id).answer(type, this.#reader, this.host, id);
    // Only now: a request whose answer turns out broken is still there to be rejected with all others.
    this.#pending.delete(id);
  }

  data(id: number, blocks: Uint8Array[]): void {
    this.#find(id).content(blocks, id);
    this.#pending.delete(id);
  }

  #find(id: number): Pending {
    const request = this.#pending.get(id);
    if (request === undefined) throw brokenPacket(`an answer to request ${id}, which was not made`);
    return request;
  }

  #send<T>(
    id: number,
    reply: Reply<T>,
    operation: string,
    path: ByteString,
    room: Room | undefined,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#enqueue(id, new Request(reply, operation, path, room, resolve, reject));
    });
  }

  #enqueue(id: number, pending: Pending): void {
    this.#writer.finish();
    if (this.#failure !== undefined) {
      this.#writer.discard();
      pending.fail(this.#failure);
      return;
    }
    this.#pending.set(id, pending);
    if (this.#writer.pending >= ENOUGH) this.#flush();
    else if (!this.#flushPlanned) {
      this.#flushPlanned = true;
      setImmediate(this.#plannedFlush);
    }
  }

  readonly #plannedFlush = (): void => {
    this.#flushPlanned = false;
    this.#flush();
  };

  #flush(): void {
    while (!this.#full && this.#failure === undefined) {
      const piece = this.#writer.take();
      if (piece === undefined) return;
      this.#full = !this.#duplex.write(piece);
    }
  }

  #receive(chunk: Buffer): void {
    if (this.#failure !== undefined) return;
    this.#heard++;
    try {
      this.#decoder.push(chunk);
    } catch (error) {
      this.fail(isFailure(error) ? error : failure('INTERNAL', { detail: String(error) }, error));
    }
  }

  #lost(detail: string): void {
    this.fail(this.#loss(detail));
  }

  #loss(detail: string, cause?: unknown): CellarmanError {
    return failure('CONNECTION_LOST', { host: this.host, detail }, cause);
  }
}
