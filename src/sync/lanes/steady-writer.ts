import { isFailure } from '../../system/errors.ts';
import type { Endpoint, WriteFile } from '../endpoint.ts';
import type { Attributes, RelPath } from '../entry.ts';

/** Reads again what a lost connection may have swallowed. */
export type Replay = (start: number, end: number) => AsyncIterable<Uint8Array>;

/**
 * Writes a new file and goes on with it when the connection to the destination is lost and made again: what has not
 * arrived is read and sent once more. Whoever sees `resumed` must prove the content afterwards.
 */
export class SteadyWriter implements WriteFile {
  readonly #destination: Endpoint;
  readonly #path: RelPath;
  readonly #replay: Replay;
  #file: WriteFile;
  #sent = 0;
  #attributes: Attributes | undefined;
  resumed = false;

  private constructor(destination: Endpoint, path: RelPath, replay: Replay, file: WriteFile) {
    this.#destination = destination;
    this.#path = path;
    this.#replay = replay;
    this.#file = file;
  }

  static async create(destination: Endpoint, path: RelPath, replay: Replay): Promise<SteadyWriter> {
    return new SteadyWriter(destination, path, replay, await destination.create(path));
  }

  async write(block: Uint8Array): Promise<void> {
    await this.#steadily(() => this.#file.write(block));
    this.#sent += block.length;
  }

  async setAttributes(attributes: Attributes): Promise<void> {
    await this.#steadily(() => this.#file.setAttributes(attributes));
    this.#attributes = attributes;
  }

  sync(): Promise<void> {
    return this.#steadily(() => this.#file.sync());
  }

  async close(): Promise<void> {
    await this.#steadily(() => this.#file.close());
  }

  /** For ways out on which the file is given up: nothing is sent again. Never throws. */
  async abandon(): Promise<void> {
    await this.#file.close().catch(() => {});
  }

  async #steadily(operation: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await operation();
      } catch (error) {
        if (!isFailure(error, 'CONNECTION_LOST') || this.#destination.resume === undefined) throw error;
        await this.#resume(this.#destination.resume.bind(this.#destination));
      }
    }
  }

  async #resume(resume: NonNullable<Endpoint['resume']>): Promise<void> {
    this.resumed = true;
    await this.#file.close().catch(() => {});
    for (;;) {
      const { file, offset } = await resume(this.#path, this.#sent);
      this.#file = file;
      try {
        for await (const block of this.#replay(offset, this.#sent)) await file.write(block);
        if (this.#attributes !== undefined) await file.setAttributes(this.#attributes);
        return;
      } catch (error) {
        await file.close().catch(() => {});
        if (!isFailure(error, 'CONNECTION_LOST')) throw error;
      }
    }
  }
}
