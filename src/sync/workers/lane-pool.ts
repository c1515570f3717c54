import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import { type CellarmanError, failure } from '../../system/errors.ts';
import type { BatchResult, Lane } from '../lanes/task.ts';
import { type FromLane, type LaneSetup, type ToLane, unpackError, unpackResult } from './messages.ts';
import { packBatch } from './packed-batch.ts';
import { takeThreads } from './threads.ts';

/** Told of what happens in lanes beside their results. */
export interface LaneListener {
  /** Bytes of content that arrived at the destination. */
  onBytes(count: number): void;
  /** A connection was lost and is being made again. */
  onLost(error: CellarmanError): void;
}

export interface LanePool extends AsyncDisposable {
  readonly lanes: readonly Lane[];
}

/**
 * Starts worker threads, each of them one lane for as long as the pool stands. They connect while the caller goes on.
 */
export function openLanePool(
  setup: LaneSetup,
  count: number,
  signal: AbortSignal,
  listener: LaneListener,
): LanePool {
  const pool = takeThreads(count);
  const lanes = Array.from({ length: count }, () => new WorkerLane(pool, setup, listener));
  const abort = (): void => {
    for (const lane of lanes) lane.abort();
  };
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return {
    lanes,
    async [Symbol.asyncDispose]() {
      signal.removeEventListener('abort', abort);
      await Promise.all(lanes.map((lane) => lane.close()));
      await pool.destroy();
    },
  };
}

interface Waiting {
  readonly resolve: (result: BatchResult) => void;
  readonly reject: (error: unknown) => void;
}

class WorkerLane implements Lane {
  readonly depth: number;
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: Promise<void>;
  #next = 0;
  #failure: unknown;

  constructor(pool: Piscina, setup: LaneSetup, listener: LaneListener) {
    this.depth = setup.concurrency;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on('message', (message: FromLane) => this.#receive(message, listener));
    this.#ended = pool.run({ setup, port: port2 }, { transferList: [port2] }).then(
      () => this.#end(failure('INTERNAL', { detail: 'a worker thread ended early' })),
      (error: unknown) => this.#end(error),
    );
  }

  run(batch: Parameters<Lane['run']>[0]): Promise<BatchResult> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      const id = this.#next++;
      this.#waiting.set(id, { resolve, reject });
      this.#send({ type: 'run', id, batch: packBatch(batch) });
    });
  }

  abort(): void {
    this.#send({ type: 'abort' });
  }

  async close(): Promise<void> {
    this.#send({ type: 'close' });
    await this.#ended;
  }

  #send(message: ToLane): void {
    this.#port.postMessage(message);
  }

  #receive(message: FromLane, listener: LaneListener): void {
    switch (message.type) {
      case 'bytes':
        listener.onBytes(message.count);
        break;
      case 'lost':
        listener.onLost(unpackError(message.error));
        break;
      case 'done':
        this.#take(message.id)?.resolve(unpackResult(message.result));
        break;
      case 'failed':
        this.#take(message.id)?.reject(unpackError(message.error));
    }
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #end(error: unknown): void {
    this.#failure = error;
    this.#port.close();
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
