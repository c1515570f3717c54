import { connect, resolveHost } from '../../../ssh/connect.ts';
import type { Connection } from '../../../ssh/connection.ts';
import type { RemoteLocation } from '../../../ssh/location.ts';
import type { ReachOptions } from '../../../ssh/reach-options.ts';
import { OpenFlag } from '../../../ssh/sftp/protocol.ts';
import { openSession, type SftpHandle, type SftpSession } from '../../../ssh/sftp/session.ts';
import { SftpBlockReader } from '../../../sync/endpoints/sftp-block-reader.ts';
import { type ByteString, byteString, toText } from '../../../system/byte-string.ts';
import { failure, isFailure } from '../../../system/errors.ts';
import { type Place, placesOf } from '../get/places.ts';
import type { FoundWal, WalSupply } from './supply.ts';

/** The archive in a server's directory of another host, where an SFTP account that may read is enough. */
export async function lookOverSftp(
  location: RemoteLocation,
  options: ReachOptions,
  signal?: AbortSignal,
): Promise<WalSupply> {
  const reach = signal === undefined ? {} : { signal };
  const target = await resolveHost(location, options);
  const connection = await connect(target, reach);
  try {
    const channel = await connection.openChannel(signal);
    const session = await openSession(channel, {
      host: connection.host,
      timeout: target.timeout,
      ...reach,
    });
    return new SftpSupply(connection, session, location.path);
  } catch (error) {
    await connection.close();
    throw error;
  }
}

class SftpSupply implements WalSupply {
  readonly #connection: Connection;
  readonly #session: SftpSession;
  readonly #root: string;
  /** Shared by all files, which share the connection. */
  readonly #readers = { active: 0 };

  constructor(connection: Connection, session: SftpSession, root: ByteString) {
    this.#connection = connection;
    this.#session = session;
    this.#root = root.replace(/\/*$/, '/');
  }

  /** One round trip: the server looks in the order of the requests. */
  async find(name: string, partial: boolean): Promise<FoundWal | undefined> {
    const places = placesOf(name, partial);
    const opened = await Promise.allSettled(places.map((place) => this.#open(place)));
    const handles = opened.map((result) => (result.status === 'fulfilled' ? result.value : undefined));
    const at = handles.findIndex((handle) => handle !== undefined);
    for (const handle of handles.slice(at + 1)) this.#close(handle);
    const handle = handles[at];
    if (handle !== undefined)
      return { unfinished: places[at]?.path.endsWith('.partial') === true, content: this.#content(handle) };
    const failed = opened.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    await this.#mustBeThere();
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#session.close();
    await this.#connection.close();
  }

  async #open({ directory, path }: Place): Promise<SftpHandle | undefined> {
    try {
      return await this.#session.open(byteString(`${this.#root}${directory}/${path}`), OpenFlag.READ);
    } catch (error) {
      if (isFailure(error, 'NOT_FOUND')) return undefined;
      throw error;
    }
  }

  async *#content(handle: SftpHandle): AsyncGenerator<Uint8Array, void, void> {
    try {
      const { size } = await this.#session.fstat(handle);
      const path = `${this.#session.host}:${toText(handle.path)}`;
      if (size === undefined) throw failure('UNSUPPORTED', { operation: 'telling sizes', where: path });
      let length = 0;
      for await (const block of new SftpBlockReader(this.#session, handle, 0, size, this.#readers)) {
        length += block.length;
        yield block;
      }
      if (length < size) throw failure('SHRANK_WHILE_READ', { path });
    } finally {
      this.#close(handle);
    }
  }

  /** A wrong path, or a file system that is not mounted, is not the end of the archive. */
  async #mustBeThere(): Promise<void> {
    const wals = byteString(`${this.#root}wals`);
    try {
      await this.#session.stat(wals);
    } catch (error) {
      if (!isFailure(error, 'NOT_FOUND')) throw error;
      throw failure('SOURCE_MISSING', { path: `${this.#session.host}:${toText(wals)}` });
    }
  }

  #close(handle: SftpHandle | undefined): void {
    if (handle !== undefined) this.#session.closeHandle(handle).catch(() => undefined);
  }
}
