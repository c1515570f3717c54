import { setTimeout as sleep } from 'node:timers/promises';
import { checkAborted } from '../../system/abort.ts';
import { type CellarmanError, isFailure } from '../../system/errors.ts';

/** Milliseconds before each attempt to connect again; then the connection counts as gone for good. */
const BACK_OFF = [0, 500, 1000, 2000, 4000, 8000, 15000];

export interface Reconnection<T> {
  /** Connects, and anew after each loss. */
  readonly open: () => Promise<T>;
  /** What is lost, and gets its place taken. */
  readonly onLost: (lost: T, error: CellarmanError) => void;
  /** Connecting again can help. */
  readonly renewable: boolean;
  readonly signal: AbortSignal;
}

/** Something on a connection, made again with growing pauses whenever that is lost. */
export class Reconnector<T> {
  readonly #reconnection: Reconnection<T>;
  /** Rejects for ever once it could not be made again. */
  #current: Promise<T> | undefined;
  #closed = false;

  constructor(reconnection: Reconnection<T>) {
    this.#reconnection = reconnection;
  }

  /** Connected to now, if that was not done before. */
  get current(): Promise<T> {
    this.#current ??= this.#reconnection.open();
    return this.#current;
  }

  /** Runs an operation; after a loss `again`, as often as the connection can be made again. */
  async attempt<R>(
    operation: (current: T) => Promise<R>,
    again: (current: T) => Promise<R> = operation,
  ): Promise<R> {
    for (let run = operation; ; run = again) {
      const connecting = this.current;
      const current = await connecting;
      try {
        return await run(current);
      } catch (error) {
        if (!isFailure(error, 'CONNECTION_LOST') || this.#closed) throw error;
        // Of all that were under way, the first to fail sees to it.
        if (this.#current === connecting) this.#replace(current, error);
      }
    }
  }

  /** Makes no connection any more. Resolves to what is open, if anything is. */
  async close(): Promise<T | undefined> {
    this.#closed = true;
    return await this.#current?.catch(() => undefined);
  }

  #replace(lost: T, error: CellarmanError): void {
    this.#current = this.#connect(error);
    // Whoever needs it next awaits it; perhaps nobody does.
    this.#current.catch(() => {});
    this.#reconnection.onLost(lost, error);
  }

  async #connect(error: CellarmanError): Promise<T> {
    const { open, renewable, signal } = this.#reconnection;
    let last: unknown = error;
    for (const pause of renewable ? BACK_OFF : []) {
      await sleep(pause, undefined, { signal }).catch(() => checkAborted(signal));
      if (this.#closed) break;
      try {
        return await open();
      } catch (reason) {
        // Whatever will not be otherwise in a moment is not tried again.
        if (!isFailure(reason, 'CONNECTION_LOST', 'HOST_UNREACHABLE', 'NO_SFTP')) throw reason;
        last = reason;
      }
    }
    throw last;
  }
}
