import type { SftpHandle, SftpSession } from '../../ssh/sftp/session.ts';

/** Requests under way for one file at most: 4 MiB, which fills a channel at 20 ms. */
const MOST = 16;
/** Requests under way for all files of an endpoint: what has come and waits for its reader is bounded with them. */
const ALL = 64;

/** How many files of an endpoint are being read. */
export interface Readers {
  active: number;
}

interface Range {
  readonly start: number;
  readonly length: number;
  readonly blocks: Promise<Uint8Array[]>;
}

/**
 * The content of an open file in order, asked for ahead of the reader. By hand and not as an async generator, which
 * costs several times as much for the one block of a small file. One `next` at a time.
 */
export class SftpBlockReader implements AsyncIterableIterator<Uint8Array, void, void> {
  readonly #session: SftpSession;
  readonly #handle: SftpHandle;
  readonly #readers: Readers;
  readonly #underWay: Range[] = [];
  #next: number;
  #end: number;
  /** The pieces of the range that came last, and which of them is next. */
  #blocks: Uint8Array[] = [];
  #at = 0;
  #started = false;

  constructor(session: SftpSession, handle: SftpHandle, start: number, end: number, readers: Readers) {
    this.#session = session;
    this.#handle = handle;
    this.#readers = readers;
    this.#next = start;
    this.#end = end;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Uint8Array, void>> {
    const block = this.#blocks[this.#at];
    if (block !== undefined) {
      this.#at++;
      return Promise.resolve({ done: false, value: block });
    }
    this.#askAhead();
    const range = this.#underWay.shift();
    if (range === undefined) return Promise.resolve(this.#finish());
    return range.blocks.then(
      (blocks) => this.#received(range, blocks),
      (error) => {
        this.#finish();
        throw error;
      },
    );
  }

  /** The reader stops early: what is still to come is dropped. */
  return(): Promise<IteratorResult<Uint8Array, void>> {
    return Promise.resolve(this.#finish());
  }

  #received(range: Range, blocks: Uint8Array[]): IteratorResult<Uint8Array, void> {
    let length = 0;
    for (const block of blocks) length += block.length;
    const [first] = blocks;
    if (first === undefined || length === 0) return this.#finish();
    if (length < range.length) {
      // The end of the file, or a server that gives less at a time: what is missing tells.
      this.#underWay.unshift(this.#ask(range.start + length, range.length - length));
    }
    this.#blocks = blocks;
    this.#at = 1;
    return { done: false, value: first };
  }

  #askAhead(): void {
    if (!this.#started) {
      this.#started = true;
      this.#readers.active++;
    }
    const most = Math.max(1, Math.min(MOST, Math.floor(ALL / this.#readers.active)));
    while (this.#underWay.length < most && this.#next < this.#end) {
      const length = Math.min(this.#session.limits.read, this.#end - this.#next);
      this.#underWay.push(this.#ask(this.#next, length));
      this.#next += length;
    }
  }

  #ask(start: number, length: number): Range {
    const blocks = this.#session.read(this.#handle, start, length);
    // It may fail while an earlier one is awaited, and is never awaited when the reader stops early.
    blocks.catch(() => {});
    return { start, length, blocks };
  }

  #finish(): IteratorReturnResult<void> {
    if (this.#started && this.#end >= 0) this.#readers.active--;
    this.#end = -1;
    this.#blocks = [];
    this.#underWay.length = 0;
    return { done: true, value: undefined };
  }
}
