import { Extension } from '../../ssh/sftp/protocol.ts';
import type { SftpHandle, SftpSession } from '../../ssh/sftp/session.ts';
import type { WriteFile } from '../endpoint.ts';
import type { Attributes } from '../entry.ts';
import { attributeSteps } from './sftp-attributes.ts';

/** Says more of what a server refused. */
export type Explain = (error: unknown) => Promise<unknown>;

/**
 * A file being written on an SFTP server. Blocks are sent as long as the session has room, without their answers being
 * awaited; the server must carry out what concerns one handle in order, so that attributes may follow at once.
 */
export class SftpWriteFile implements WriteFile {
  readonly #session: SftpSession;
  readonly #handle: SftpHandle;
  readonly #explain: Explain;
  #offset: number;
  #unanswered = 0;
  #failure: { readonly error: unknown } | undefined;
  #allAnswered: (() => void) | undefined;
  #closed = false;

  constructor(session: SftpSession, handle: SftpHandle, explain: Explain, offset = 0) {
    this.#session = session;
    this.#handle = handle;
    this.#explain = explain;
    this.#offset = offset;
  }

  async write(block: Uint8Array): Promise<void> {
    const most = this.#session.limits.write;
    for (let start = 0; start < block.length; start += most) {
      const piece = block.length <= most ? block : block.subarray(start, start + most);
      const room = this.#session.writeRoom(piece.length);
      if (room !== undefined) await room;
      this.#unanswered++;
      this.#session.write(this.#handle, this.#offset, piece).then(this.#answered, this.#refused);
      this.#offset += piece.length;
    }
    if (this.#failure !== undefined) throw await this.#explain(this.#failure.error);
  }

  async setAttributes(attributes: Attributes): Promise<void> {
    const steps = await attributeSteps(attributes, () => this.#session.fstat(this.#handle));
    await this.#try(Promise.all(steps.map((step) => this.#session.fsetstat(this.#handle, step))));
  }

  async sync(): Promise<void> {
    if (this.#session.supports(Extension.FSYNC)) await this.#try(this.#session.fsync(this.#handle));
  }

  async close(): Promise<void> {
    // Servers give the handle to the next file they open, even where closing fails.
    if (this.#closed) return;
    this.#closed = true;
    await this.#try(this.#session.closeHandle(this.#handle));
    if (this.#unanswered > 0) await new Promise<void>((resolve) => (this.#allAnswered = resolve));
    if (this.#failure !== undefined) throw await this.#explain(this.#failure.error);
  }

  async #try(action: Promise<unknown>): Promise<void> {
    try {
      await action;
    } catch (error) {
      throw await this.#explain(error);
    }
  }

  readonly #answered = (): void => {
    this.#unanswered--;
    if (this.#unanswered === 0) this.#allAnswered?.();
  };

  readonly #refused = (error: unknown): void => {
    this.#failure ??= { error };
    this.#answered();
  };
}
