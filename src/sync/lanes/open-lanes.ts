import { Bandwidth, type BandwidthShare } from '../bandwidth.ts';
import type { Endpoint } from '../endpoint.ts';
import type { EndpointSpec } from '../endpoints/spec.ts';
import { type LaneListener, openLanePool } from '../workers/lane-pool.ts';
import type { LaneOptions } from './context.ts';
import type { InspectionSpec } from './inspection.ts';
import { openLane } from './lane.ts';
import { openContext } from './open-context.ts';
import type { Lane } from './task.ts';

/** A tree in this thread, and how another thread opens it, if one can. */
export interface LaneEnd {
  readonly endpoint: Endpoint;
  readonly spec: EndpointSpec | undefined;
}

export interface LanesSetup {
  readonly sources: readonly LaneEnd[];
  readonly destination: LaneEnd;
  readonly options: LaneOptions;
  readonly inspection?: InspectionSpec | undefined;
  readonly bandwidth: BandwidthShare | undefined;
  /** How many lanes. */
  readonly jobs: number;
  readonly signal: AbortSignal;
  readonly listener: LaneListener;
}

export interface Lanes extends AsyncDisposable {
  readonly lanes: readonly Lane[];
}

/**
 * Lanes in threads of their own, each with connections of its own; one lane in this thread where an end cannot be opened
 * elsewhere: it lies in memory, or on a connection that the caller made.
 */
export async function openLanes(setup: LanesSetup): Promise<Lanes> {
  const { sources, destination, options, inspection, bandwidth, jobs, signal, listener } = setup;
  const ends = [destination, ...sources];
  const concurrency = Math.max(...ends.map(({ endpoint }) => endpoint.capabilities.concurrency));
  const specs = sources.map(({ spec }) => spec).filter((spec) => spec !== undefined);
  if (destination.spec !== undefined && specs.length === sources.length) {
    return openLanePool(
      { sources: specs, destination: destination.spec, options, inspection, bandwidth, concurrency },
      jobs,
      signal,
      listener,
    );
  }
  const stop = new AbortController();
  const context = await openContext({
    options,
    destination: destination.endpoint,
    openSource: async (root) => {
      const end = sources[root];
      if (end === undefined) throw new RangeError(`there is no source ${root}`);
      return end.endpoint;
    },
    inspection,
    bandwidth: bandwidth === undefined ? undefined : new Bandwidth(bandwidth),
    signal: AbortSignal.any([signal, stop.signal]),
    onBytes: (count) => listener.onBytes(count),
  });
  const lane = openLane(context, concurrency);
  return {
    lanes: [lane],
    async [Symbol.asyncDispose]() {
      stop.abort();
      await lane.close();
    },
  };
}
