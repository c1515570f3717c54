import fs from 'node:fs';
import type { ByteString } from '../../system/byte-string.ts';
import { fromErrno } from '../../system/errno.ts';
import type { ReadFile, WriteFile } from '../endpoint.ts';
import type { Attributes, Entry } from '../entry.ts';
import { applyAttributes, byDescriptor } from './local-attributes.ts';
import { localEntry } from './local-entry.ts';

/** Bytes read in one call: large enough that the call does not count, small enough to stay in a second-level cache. */
const BLOCK = 256 * 1024;

/** Read buffers that nobody reads into at the moment; one does as long as files are read one after another. */
export type SpareBuffers = Uint8Array[];

/** No offset a file can have gives this descriptor back: every call after `close` fails. */
const CLOSED = -1;

export class LocalReadFile implements ReadFile {
  readonly #name: ByteString;
  readonly #path: () => string;
  readonly #spare: SpareBuffers;
  #fd: number;

  /** `path` is for people, and made up only when there is something to tell them. */
  constructor(fd: number, name: ByteString, path: () => string, spare: SpareBuffers) {
    this.#fd = fd;
    this.#name = name;
    this.#path = path;
    this.#spare = spare;
  }

  async stat(): Promise<Entry> {
    try {
      return localEntry(this.#name, fs.fstatSync(this.#fd, { bigint: true }), undefined);
    } catch (error) {
      throw fromErrno(error, this.#path());
    }
  }

  async *read(start: number, end: number): AsyncGenerator<Uint8Array> {
    const buffer = this.#spare.pop() ?? new Uint8Array(BLOCK);
    try {
      let position = start;
      while (position < end) {
        const length = fs.readSync(this.#fd, buffer, 0, Math.min(BLOCK, end - position), position);
        if (length === 0) return;
        position += length;
        yield length === BLOCK ? buffer : buffer.subarray(0, length);
      }
    } catch (error) {
      throw fromErrno(error, this.#path());
    } finally {
      this.#spare.push(buffer);
    }
  }

  async close(): Promise<void> {
    const fd = this.#fd;
    this.#fd = CLOSED;
    if (fd !== CLOSED) fs.closeSync(fd);
  }
}

export function writeAll(fd: number, block: Uint8Array): void {
  // write(2) may take less than it was given, on a nearly full disk for one.
  for (let done = 0; done < block.length; ) done += fs.writeSync(fd, block, done);
}

export class LocalWriteFile implements WriteFile {
  readonly #path: () => string;
  #fd: number;

  /** `path` is for people, and made up only when there is something to tell them. */
  constructor(fd: number, path: () => string) {
    this.#fd = fd;
    this.#path = path;
  }

  async write(block: Uint8Array): Promise<void> {
    this.#run(() => writeAll(this.#fd, block));
  }

  async setAttributes(attributes: Attributes): Promise<void> {
    this.#run(() => applyAttributes(attributes, byDescriptor(this.#fd)));
  }

  async sync(): Promise<void> {
    this.#run(() => fs.fsyncSync(this.#fd));
  }

  async close(): Promise<void> {
    const fd = this.#fd;
    // close(2) frees the number even where it fails: by now it may be that of another file, of any thread.
    this.#fd = CLOSED;
    if (fd !== CLOSED) this.#run(() => fs.closeSync(fd));
  }

  #run(action: () => void): void {
    try {
      action();
    } catch (error) {
      throw fromErrno(error, this.#path());
    }
  }
}
