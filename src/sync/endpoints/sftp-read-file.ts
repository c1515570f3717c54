import type { SftpHandle, SftpSession } from '../../ssh/sftp/session.ts';
import type { ByteString } from '../../system/byte-string.ts';
import type { ReadFile } from '../endpoint.ts';
import type { Entry } from '../entry.ts';
import { sftpEntry } from './sftp-entry.ts';

/** Requests under way for one file at most: 4 MiB, which fills a channel at 20 ms. */
const MOST = 16;
/** Requests under way for all files of an endpoint: what has come and waits for its reader is bounded with them. */
const ALL = 64;

/** How many files of an endpoint are being read. */
export interface Readers {
  active: number;
}

/** An open file of an SFTP server; its requests go over the session that opened it. */
export class SftpReadFile implements ReadFile {
  readonly #session: SftpSession;
  readonly #handle: SftpHandle;
  readonly #name: ByteString;
  readonly #text: string;
  readonly #readers: Readers;
  #closed = false;

  constructor(session: SftpSession, handle: SftpHandle, name: ByteString, text: string, readers: Readers) {
    this.#session = session;
    this.#handle = handle;
    this.#name = name;
    this.#text = text;
    this.#readers = readers;
  }

  async stat(): Promise<Entry> {
    return sftpEntry(this.#name, await this.#session.fstat(this.#handle), undefined, this.#text);
  }

  async *read(start: number, end: number): AsyncGenerator<Uint8Array, void, void> {
    const session = this.#session;
    /** In the order of the file. */
    const underWay: Range[] = [];
    let size = session.limits.read;
    let next = start;
    this.#readers.active++;
    try {
      for (;;) {
        const most = Math.max(1, Math.min(MOST, Math.floor(ALL / this.#readers.active)));
        while (underWay.length < most && next < end) {
          const length = Math.min(size, end - next);
          underWay.push(this.#request(next, length));
          next += length;
        }
        const range = underWay.shift();
        if (range === undefined) return;
        let length = 0;
        for (const block of await range.blocks) {
          length += block.length;
          yield block;
        }
        if (length === 0) return;
        if (length < range.length) {
          // The end of the file, or a server that gives less at a time: what is missing tells.
          underWay.unshift(this.#request(range.start + length, range.length - length));
          size = Math.max(length, LEAST);
        }
      }
    } finally {
      this.#readers.active--;
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    // Nothing depends on the answer: who read to the end need not wait for it.
    this.#session.closeHandle(this.#handle).catch(() => {});
  }

  #request(start: number, length: number): Range {
    const blocks = this.#session.read(this.#handle, start, length);
    // It may fail while an earlier one is awaited, and is not awaited at all when the reader stops early.
    blocks.catch(() => {});
    return { start, length, blocks };
  }
}

interface Range {
  readonly start: number;
  readonly length: number;
  readonly blocks: Promise<Uint8Array[]>;
}

/** No request is made shorter on account of a short answer. */
const LEAST = 4096;
