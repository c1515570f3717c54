import fs from 'node:fs';
import { basename } from 'node:path';
import { parseWalFileName } from '../../../postgres/wal-file-name.ts';
import { fromErrno } from '../../../system/errno.ts';
import { failure } from '../../../system/errors.ts';

/** A file that PostgreSQL wants to see archived, open for reading; what `%p` names in `archive_command`. */
export class WalSource {
  readonly path: string;
  readonly name: string;
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
  /** Seconds since the epoch. */
  readonly modifiedAt: number;
  readonly #fd: number;

  /** @throws USAGE for what is no WAL file by its name; the codes of single paths */
  constructor(path: string) {
    this.path = path;
    this.name = basename(path);
    if (parseWalFileName(this.name) === undefined) {
      throw failure('USAGE', { detail: `${path} is not named like a file that PostgreSQL archives` });
    }
    this.#fd = this.#try(() => fs.openSync(path, 'r'));
    const { size, mode, mtimeMs } = this.#try(() => fs.fstatSync(this.#fd));
    this.size = size;
    this.mode = mode & 0o777;
    this.modifiedAt = Math.floor(mtimeMs / 1000);
  }

  /**
   * Fills the block from an offset on.
   * @throws SHRANK_WHILE_READ where the file does not reach so far
   */
  readInto(block: Uint8Array, offset: number): void {
    for (let done = 0; done < block.length; ) {
      const count = this.#try(() => fs.readSync(this.#fd, block, done, block.length - done, offset + done));
      if (count === 0) throw failure('SHRANK_WHILE_READ', { path: this.path });
      done += count;
    }
  }

  close(): void {
    fs.closeSync(this.#fd);
  }

  #try<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw fromErrno(error, this.path);
    }
  }
}

/** Offset and length of the pieces of at most `most` bytes that make up `size` bytes. */
export function* pieces(size: number, most: number): Generator<{ offset: number; length: number }> {
  for (let offset = 0; offset < size; offset += most) yield { offset, length: Math.min(most, size - offset) };
}
