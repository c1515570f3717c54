import { fromBuffer, toText } from '../../system/byte-string.ts';
import { brokenPacket, readU32 } from './packet-reader.ts';
import { MAX_PACKET, Packet } from './protocol.ts';

/** Where the decoder hands packets to. */
export interface PacketSink {
  /** A whole packet, its type at `start`; the bytes are valid during the call only. */
  packet(bytes: Buffer, start: number, end: number): void;
  /** The content of a DATA packet, cut as it arrived: pieces of the stream's own chunks, the receiver's to keep. */
  data(id: number, blocks: Uint8Array[]): void;
}

/** Length, type and id: no packet is shorter. */
const HEADER = 9;
/** With the length of the content: what must be known of a DATA packet before its content. */
const DATA_HEADER = 13;

/**
 * Cuts a byte stream into packets, wherever the stream itself is cut. Content is not copied: a DATA packet of 255 KiB comes
 * in many chunks. Throws PROTOCOL for lengths that cannot be; the stream is lost then.
 */
export class Decoder {
  readonly #sink: PacketSink;
  /** A packet that is spread over chunks; of a DATA packet the header. */
  #partial = Buffer.alloc(256);
  #filled = 0;
  #wanted = HEADER;
  /** The content that is coming in. */
  #blocks: Uint8Array[] = [];
  #dataId = 0;
  #dataLeft = 0;

  constructor(sink: PacketSink) {
    this.#sink = sink;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#dataLeft > 0) at = this.#takeContent(chunk, at);
      else if (this.#filled > 0) at = this.#gather(chunk, at);
      else if (chunk.length - at < HEADER) at = this.#gather(chunk, at);
      else {
        const end = at + wholeLength(chunk, at);
        at = end <= chunk.length ? this.#takeWhole(chunk, at, end) : this.#gather(chunk, at);
      }
    }
  }

  #takeWhole(chunk: Buffer, at: number, end: number): number {
    if (chunk[at + 4] === Packet.DATA) {
      const start = at + DATA_HEADER;
      this.#sink.data(readU32(chunk, at + 5), [chunk.subarray(start, start + contentLength(chunk, at))]);
    } else {
      this.#sink.packet(chunk, at + 4, end);
    }
    return end;
  }

  /** Adds to the begun packet what it wants next; returns the position behind it. */
  #gather(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#wanted - this.#filled);
    chunk.copy(this.#partial, this.#filled, at, end);
    this.#filled += end - at;
    if (this.#filled < this.#wanted) {
      // A length that cannot be is told at once: no more may ever come.
      if (this.#filled >= 4) wholeLength(this.#partial.subarray(0, this.#filled), 0);
      return end;
    }
    if (this.#filled === HEADER) {
      const whole = wholeLength(this.#partial, 0);
      this.#wanted = this.#partial[4] === Packet.DATA ? DATA_HEADER : whole;
      if (this.#wanted > this.#partial.length) this.#partial = Buffer.concat([this.#partial], whole);
      if (this.#wanted > HEADER) return end;
    }
    const whole = this.#wanted;
    this.#filled = 0;
    this.#wanted = HEADER;
    if (this.#partial[4] === Packet.DATA) this.#beginContent();
    else this.#sink.packet(this.#partial, 4, whole);
    return end;
  }

  #beginContent(): void {
    this.#blocks = [];
    this.#dataId = readU32(this.#partial, 5);
    this.#dataLeft = contentLength(this.#partial, 0);
    if (this.#dataLeft === 0) this.#sink.data(this.#dataId, this.#blocks);
  }

  #takeContent(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#dataLeft);
    this.#blocks.push(chunk.subarray(at, end));
    this.#dataLeft -= end - at;
    if (this.#dataLeft === 0) this.#sink.data(this.#dataId, this.#blocks);
    return end;
  }
}

function wholeLength(bytes: Buffer, at: number): number {
  const length = readU32(bytes, at);
  if (length >= HEADER - 4 && length <= MAX_PACKET) return length + 4;
  // Most often a login script that prints: its text is what the length was taken from.
  const text = toText(fromBuffer(bytes.subarray(at, at + 40)));
  throw brokenPacket(`a packet of ${length} bytes, which begins with "${text}"`);
}

function contentLength(bytes: Buffer, at: number): number {
  const length = readU32(bytes, at + HEADER);
  if (readU32(bytes, at) !== length + DATA_HEADER - 4) {
    throw brokenPacket('the content of a file is not as long as its packet');
  }
  return length;
}
