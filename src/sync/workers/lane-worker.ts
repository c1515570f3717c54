import type { MessagePort } from 'node:worker_threads';
import { Bandwidth } from '../bandwidth.ts';
import type { Endpoint } from '../endpoint.ts';
import { openEndpoint } from '../endpoints/open.ts';
import { openLane } from '../lanes/lane.ts';
import { openContext } from '../lanes/open-context.ts';
import type { Lane } from '../lanes/task.ts';
import { type FromLane, type LaneSetup, packError, packResult, type ToLane } from './messages.ts';
import { unpackBatch } from './packed-batch.ts';

/** How often arrived bytes are told, milliseconds. */
const TELL_EVERY = 100;

/** The worker's side of a lane: a task that lasts as long as the lane does, fed through `port`. */
export default async function lane({
  setup,
  port,
}: {
  readonly setup: LaneSetup;
  readonly port: MessagePort;
}): Promise<void> {
  const abort = new AbortController();
  const tell = (message: FromLane): void => port.postMessage(message);
  const opened: Endpoint[] = [];
  const open = async (spec: LaneSetup['destination']): Promise<Endpoint> => {
    const endpoint = await openEndpoint(spec, abort.signal, (error) =>
      tell({ type: 'lost', error: packError(error) }),
    );
    opened.push(endpoint);
    return endpoint;
  };
  const arrivals = new Arrivals((count) => tell({ type: 'bytes', count }));

  const start = async (): Promise<Lane> => {
    const destination = await open(setup.destination);
    const context = await openContext({
      options: setup.options,
      destination,
      openSource: async (root) => {
        const spec = setup.sources[root];
        if (spec === undefined) throw new RangeError(`there is no source ${root}`);
        return await open(spec);
      },
      inspection: setup.inspection,
      bandwidth: setup.bandwidth === undefined ? undefined : new Bandwidth(setup.bandwidth),
      signal: abort.signal,
      onBytes: (count) => arrivals.add(count),
    });
    return openLane(context, setup.concurrency);
  };
  // Opening begins while the first batch is still being planned; a failure shows in whatever needs the lane.
  const starting = start();
  starting.catch(() => {});

  await new Promise<void>((resolve) => {
    port.on('message', (message: ToLane) => {
      switch (message.type) {
        case 'run':
          starting
            .then((started) => started.run(unpackBatch(message.batch)))
            .then((result) => {
              arrivals.flush();
              tell({ type: 'done', id: message.id, result: packResult(result) });
            })
            .catch((error: unknown) => tell({ type: 'failed', id: message.id, error: packError(error) }));
          break;
        case 'abort':
          abort.abort();
          break;
        case 'close':
          // Where the run has failed elsewhere, much may be under way here.
          abort.abort();
          resolve();
      }
    });
  });
  const started = await starting.catch(() => undefined);
  await started?.close();
  await Promise.all(opened.map((endpoint) => endpoint.close()));
  port.close();
}

/** Bytes add up for a while before they are told. */
class Arrivals {
  readonly #tell: (count: number) => void;
  #count = 0;
  #told = 0;

  constructor(tell: (count: number) => void) {
    this.#tell = tell;
  }

  add(count: number): void {
    this.#count += count;
    if (Date.now() - this.#told >= TELL_EVERY) this.flush();
  }

  flush(): void {
    if (this.#count === 0) return;
    this.#tell(this.#count);
    this.#count = 0;
    this.#told = Date.now();
  }
}
