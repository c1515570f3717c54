import type { SftpHandle, SftpSession } from '../../ssh/sftp/session.ts';
import type { ByteString } from '../../system/byte-string.ts';
import type { ReadFile } from '../endpoint.ts';
import type { Entry } from '../entry.ts';
import { type Readers, SftpBlockReader } from './sftp-block-reader.ts';
import { sftpEntry } from './sftp-entry.ts';

/** An open file of an SFTP server; its requests go over the session that opened it. */
export class SftpReadFile implements ReadFile {
  readonly #session: SftpSession;
  readonly #handle: SftpHandle;
  readonly #name: ByteString;
  readonly #readers: Readers;
  #closed = false;

  constructor(session: SftpSession, handle: SftpHandle, name: ByteString, readers: Readers) {
    this.#session = session;
    this.#handle = handle;
    this.#name = name;
    this.#readers = readers;
  }

  async stat(): Promise<Entry> {
    return sftpEntry(this.#name, await this.#session.fstat(this.#handle), undefined);
  }

  read(start: number, end: number): AsyncIterable<Uint8Array> {
    return new SftpBlockReader(this.#session, this.#handle, start, end, this.#readers);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    // Nothing depends on the answer: who has read what he wanted need not wait for it.
    this.#session.closeHandle(this.#handle).catch(() => {});
  }
}
