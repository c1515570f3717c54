import { closeSync } from 'node:fs';
import { type ByteString, byteString } from '../../../src/system/byte-string.ts';
import { Refusal, Status } from './refusal.ts';

/** A name of a directory with what READDIR says about it. */
export interface Listing {
  readonly path: ByteString;
  readonly names: ByteString[];
}

/** What clients have open. */
export class Handles {
  readonly #files = new Map<string, number>();
  readonly #directories = new Map<string, Listing>();
  #last = 0;

  addFile(fd: number): ByteString {
    const handle = this.#next();
    this.#files.set(handle, fd);
    return handle;
  }

  addDirectory(listing: Listing): ByteString {
    const handle = this.#next();
    this.#directories.set(handle, listing);
    return handle;
  }

  file(handle: string): number {
    return known(this.#files.get(handle));
  }

  directory(handle: string): Listing {
    return known(this.#directories.get(handle));
  }

  close(handle: string): void {
    if (this.#directories.delete(handle)) return;
    closeSync(this.file(handle));
    this.#files.delete(handle);
  }

  closeAll(): void {
    for (const fd of this.#files.values()) closeSync(fd);
    this.#files.clear();
    this.#directories.clear();
  }

  #next(): ByteString {
    this.#last += 1;
    return byteString(String(this.#last));
  }
}

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Refusal(Status.NO_SUCH_FILE, 'no such handle');
  return value;
}
