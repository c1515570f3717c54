import { loadXxh64, loadXxh64Of } from '../../system/xxh64.ts';
import type { Bandwidth } from '../bandwidth.ts';
import type { Endpoint } from '../endpoint.ts';
import type { LaneContext, LaneOptions } from './context.ts';
import { type InspectionSpec, openInspection } from './inspection.ts';
import { temporaryName } from './temporary-name.ts';

export interface ContextParts {
  readonly options: LaneOptions;
  readonly destination: Endpoint;
  readonly openSource: (root: number) => Promise<Endpoint>;
  readonly inspection: InspectionSpec | undefined;
  readonly bandwidth: Bandwidth | undefined;
  readonly signal: AbortSignal;
  readonly onBytes: (count: number) => void;
}

/** Readies what a lane works with; each source is opened once, when it is first needed. */
export async function openContext(parts: ContextParts): Promise<LaneContext> {
  const { options, openSource } = parts;
  const newHash = await loadXxh64();
  const inspect = await openInspection(parts.inspection);
  const sources: (Promise<Endpoint> | undefined)[] = [];
  return {
    options,
    destination: parts.destination,
    source: (root) => {
      sources[root] ??= openSource(root);
      return sources[root];
    },
    temporaryName: (name) => temporaryName(name, options.nameMax),
    newHash,
    hashOf: await loadXxh64Of(),
    inspect,
    bandwidth: parts.bandwidth,
    signal: parts.signal,
    onBytes: parts.onBytes,
  };
}
