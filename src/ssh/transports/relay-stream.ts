import { Duplex, type Readable, type Writable } from 'node:stream';

/** Enough for several of the largest SFTP packets, so that neither side waits for the other's turn. */
const BUFFER = 1024 * 1024;

/**
 * One well-behaved Duplex over the two halves of a channel. ssh2's own channels throw out of `write` once the
 * connection is gone, never call back, and cannot be destroyed with a reason; the halves of a child are two streams.
 */
export class RelayStream extends Duplex {
  readonly #source: Readable;
  readonly #sink: Writable;
  readonly #release: () => void;
  #received = false;
  /** Tells the writer of the write that is under way. */
  #writing: ((error?: Error | null) => void) | undefined;

  /** `release` gives the channel back; it is called once, when this stream is destroyed, for whatever reason. */
  constructor(source: Readable, sink: Writable, release: () => void) {
    super({ highWaterMark: BUFFER, allowHalfOpen: false });
    this.#source = source;
    this.#sink = sink;
    this.#release = release;
    source.on('data', (chunk: Buffer) => {
      this.#received = true;
      if (!this.destroyed && !this.push(chunk)) source.pause();
    });
    source.on('error', (error) => this.destroy(error));
    // A sink that fails has lost its reader, who says why: the transport hears it and destroys this stream.
    sink.on('error', () => {});
  }

  /** Whether a byte has ever come from the other side. */
  get received(): boolean {
    return this.#received;
  }

  /** Nothing more will come, and for no bad reason: only the transport knows that. */
  finish(): void {
    if (!this.destroyed && !this.readableEnded) this.push(null);
  }

  override _read(): void {
    this.#source.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#writing = done;
    try {
      this.#sink.write(chunk, () => this.#written());
    } catch {
      // Gone, see above: this stream is about to be destroyed, which tells the writer.
    }
  }

  #written(error?: Error): void {
    const done = this.#writing;
    this.#writing = undefined;
    done?.(error);
  }

  override _final(done: () => void): void {
    this.#sink.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    // What still comes is thrown away, so that the channel can end.
    this.#source.resume();
    this.#release();
    this.#written(error ?? new Error('the channel is closed'));
    done(error);
  }
}
