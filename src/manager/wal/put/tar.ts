import { failure } from '../../../system/errors.ts';

/**
 * Reads tar (POSIX.1-1988 ustar, 2001 pax, GNU) as a stream:
 *
 *     archive   members, then blocks of zeros; whatever follows is ignored
 *     member    header of 512 bytes | content | zeros up to the next multiple of 512
 *     header    name 100 | mode 8 | uid 8 | gid 8 | size 12 | mtime 12 | checksum 8 | type 1 | … (numbers in octal)
 *     type x    pax: the content is lines "LENGTH key=value" for the next member, of which size, path and mtime count
 */
export interface TarMember {
  readonly name: string;
  readonly isFile: boolean;
  readonly size: number;
  /** Seconds since the epoch. */
  readonly modifiedAt: number;
  /** Must be read to its end before the next member is asked for. */
  readonly content: AsyncGenerator<Uint8Array, void, void>;
}

const BLOCK = 512;
/** No pax header of a WAL file is longer. */
const PAX_LIMIT = 64 * 1024;

/** @throws TAR */
export async function* readTar(stream: AsyncIterable<Uint8Array>): AsyncGenerator<TarMember, void, void> {
  const source = new Source(stream);
  let pax = new Map<string, string>();
  for (;;) {
    const header = await source.take(BLOCK);
    if (header === undefined) throw broken('it ends in the middle');
    if (header.every((byte) => byte === 0)) return source.drain();
    checkHeader(header);
    const type = String.fromCharCode(header[156] ?? 0);
    const size = Number(pax.get('size') ?? octal(header, 124, 12));
    const padding = (BLOCK - (size % BLOCK)) % BLOCK;
    if (type === 'x' || type === 'g') {
      if (size > PAX_LIMIT) throw broken('a header is too long');
      const text = (await source.take(size + padding)) ?? Buffer.alloc(0);
      if (type === 'x') pax = parsePax(text.subarray(0, size));
      continue;
    }
    yield {
      name: pax.get('path') ?? textOf(header, 0, 100),
      isFile: type === '0' || type === '\0',
      size,
      modifiedAt: Number(pax.get('mtime') ?? octal(header, 136, 12)),
      content: source.content(size),
    };
    await source.take(padding);
    pax = new Map();
  }
}

/** The header's bytes add up to its checksum, the checksum itself counted as blanks. */
function checkHeader(header: Buffer): void {
  const sum = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
  if (sum !== octal(header, 148, 8)) throw broken('a header fails its checksum');
}

function parsePax(bytes: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < bytes.length; ) {
    const blank = bytes.indexOf(32, at);
    const length = Number(bytes.toString('latin1', at, blank));
    if (blank < 0 || !Number.isInteger(length) || length <= blank - at)
      throw broken('a pax header is damaged');
    const [key = '', ...value] = bytes.toString('utf8', blank + 1, at + length - 1).split('=');
    records.set(key, value.join('='));
    at += length;
  }
  return records;
}

function textOf(header: Buffer, start: number, length: number): string {
  return header.toString('latin1', start, start + length).replace(/\0.*$/s, '');
}

function octal(header: Buffer, start: number, length: number): number {
  const text = textOf(header, start, length).trim();
  if (!/^[0-7]*$/.test(text)) throw broken('a number is not octal');
  return Number.parseInt(text || '0', 8);
}

class Source {
  readonly #iterator: AsyncIterator<Uint8Array>;
  #rest = Buffer.alloc(0);

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#iterator = stream[Symbol.asyncIterator]();
  }

  /** Undefined where the stream ends before. */
  async take(length: number): Promise<Buffer | undefined> {
    while (this.#rest.length < length) {
      const next = await this.#next();
      if (next === undefined) return undefined;
      this.#rest = Buffer.concat([this.#rest, next]);
    }
    const taken = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return taken;
  }

  async *content(size: number): AsyncGenerator<Uint8Array, void, void> {
    for (let left = size; left > 0; ) {
      const part = this.#rest.length > 0 ? this.#rest : await this.#next();
      if (part === undefined) throw broken('it ends in the middle of a file');
      this.#rest = part.subarray(left);
      yield part.subarray(0, left);
      left -= Math.min(left, part.length);
    }
  }

  /** So that the other side can write all it has. */
  async drain(): Promise<void> {
    while ((await this.#next()) !== undefined);
  }

  async #next(): Promise<Buffer<ArrayBuffer> | undefined> {
    const { done, value } = await this.#iterator.next();
    return done === true ? undefined : Buffer.from(value);
  }
}

function broken(detail: string): Error {
  return failure('TAR', { detail });
}
