import { type ByteString, byteString } from '../../system/byte-string.ts';
import { type CellarmanError, failure } from '../../system/errors.ts';

/**
 * A cursor over the body of one packet. Every read is checked against the packet's end, since lengths come from the
 * other side; what does not fit is a PROTOCOL error. One reader serves all packets of a session, in turn.
 */
export class PacketReader {
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;

  reset(bytes: Buffer, start: number, end: number): void {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  get remaining(): number {
    return this.#end - this.#at;
  }

  u8(): number {
    return this.#bytes[this.#take(1)] ?? 0;
  }

  u32(): number {
    return readU32(this.#bytes, this.#take(4));
  }

  u64(): number {
    const high = this.u32();
    return high * 0x1_0000_0000 + this.u32();
  }

  string(): ByteString {
    const length = this.u32();
    const start = this.#take(length);
    return byteString(this.#bytes.toString('latin1', start, start + length));
  }

  skipString(): void {
    this.#take(this.u32());
  }

  /** The bytes of a string, not copied. */
  slice(): Buffer {
    const length = this.u32();
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  #take(length: number): number {
    const start = this.#at;
    if (length > this.#end - start) throw brokenPacket('a packet is shorter than its own fields');
    this.#at = start + length;
    return start;
  }
}

export function readU32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) * 0x1000000 +
    (((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0))
  );
}

export function brokenPacket(detail: string): CellarmanError {
  return failure('PROTOCOL', { detail });
}
