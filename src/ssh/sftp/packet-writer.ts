import type { ByteString } from '../../system/byte-string.ts';

/** Bytes of one buffer; packets of many requests share it until it is full. */
const ROOM = 64 * 1024;

/**
 * Packs requests one behind the other, so that all requests of one turn leave in one write. What was taken is never
 * written to again: a buffer that is full is left to whoever still sends it.
 */
export class PacketWriter {
  #buffer = Buffer.allocUnsafeSlow(ROOM);
  /** Packets not taken yet, in full buffers. */
  #full: Buffer[] = [];
  #fullBytes = 0;
  #start = 0;
  #packet = 0;
  #end = 0;

  /** Bytes of whole packets that wait to be taken. */
  get pending(): number {
    return this.#fullBytes + this.#packet - this.#start;
  }

  begin(type: number, id: number): void {
    this.#reserve(9);
    this.#end += 4;
    this.u8(type);
    this.u32(id);
  }

  /** Completes the packet by its length. */
  finish(): void {
    putU32(this.#buffer, this.#packet, this.#end - this.#packet - 4);
    this.#packet = this.#end;
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#end++] = value;
  }

  /** The value modulo 2^32. */
  u32(value: number): void {
    this.#reserve(4);
    putU32(this.#buffer, this.#end, value);
    this.#end += 4;
  }

  u64(value: number): void {
    this.u32(Math.floor(value / 0x1_0000_0000));
    this.u32(value);
  }

  string(value: ByteString | string): void {
    const length = value.length;
    this.u32(length);
    this.#reserve(length);
    this.#buffer.write(value, this.#end, 'latin1');
    this.#end += length;
  }

  bytes(value: Uint8Array): void {
    this.u32(value.length);
    this.#reserve(value.length);
    this.#buffer.set(value, this.#end);
    this.#end += value.length;
  }

  /** The next piece of what is pending; undefined when there is nothing. */
  take(): Buffer | undefined {
    const full = this.#full.shift();
    if (full !== undefined) {
      this.#fullBytes -= full.length;
      return full;
    }
    if (this.#start === this.#packet) return undefined;
    const piece = this.#buffer.subarray(this.#start, this.#packet);
    this.#start = this.#packet;
    return piece;
  }

  /** Drops what is pending. */
  discard(): void {
    while (this.take() !== undefined);
  }

  #reserve(length: number): void {
    if (this.#end + length > this.#buffer.length) this.#turnOver(length);
  }

  /** Goes on in a new buffer with the packet that is being written. */
  #turnOver(length: number): void {
    const begun = this.#end - this.#packet;
    const next = Buffer.allocUnsafeSlow(Math.max(ROOM, begun + length));
    this.#buffer.copy(next, 0, this.#packet, this.#end);
    if (this.#packet > this.#start) {
      const piece = this.#buffer.subarray(this.#start, this.#packet);
      this.#full.push(piece);
      this.#fullBytes += piece.length;
    }
    this.#buffer = next;
    this.#start = 0;
    this.#packet = 0;
    this.#end = begun;
  }
}

function putU32(buffer: Buffer, at: number, value: number): void {
  buffer[at] = value >>> 24;
  buffer[at + 1] = value >>> 16;
  buffer[at + 2] = value >>> 8;
  buffer[at + 3] = value;
}
