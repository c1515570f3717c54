import type { BandwidthShare } from '../../sync/bandwidth.ts';
import { SAME_CLOCK } from '../../sync/clock.ts';
import { localEndpoint } from '../../sync/endpoints/local.ts';
import type { Filter } from '../../sync/filter.ts';
import { openLanes } from '../../sync/lanes/open-lanes.ts';
import type { RecordedListing } from '../../sync/manifest/record.ts';
import { ROOT } from '../../sync/path.ts';
import type { SyncReport } from '../../sync/report.ts';
import { rulesFor } from '../../sync/rules.ts';
import { SourceTree } from '../../sync/source-tree.ts';
import type { Tally } from '../../sync/tally.ts';
import { transfer } from '../../sync/transfer.ts';
import type { ByteString } from '../../system/byte-string.ts';
import type { OpenPlace } from './destination.ts';

const DEFAULT_NAME_MAX = 255;

export interface TreeOrder {
  /** A directory of this machine. */
  readonly source: ByteString;
  readonly place: OpenPlace;
  /** What stands there is made equal, and what is too much is removed. */
  readonly replace: boolean;
  /** What stands is proved by its content, not by its time and size. */
  readonly checksum: boolean;
  /** Each file is on the disk before the next step. */
  readonly syncEach: boolean;
  readonly filter: Filter;
  readonly record: ((listing: RecordedListing) => Promise<void>) | undefined;
  readonly jobs: number;
  readonly bandwidth: BandwidthShare | undefined;
  readonly tally: Tally;
  readonly signal: AbortSignal;
}

/** Copies one directory of a backup. Problems of single files are told to the tally. */
export async function copyTree(order: TreeOrder): Promise<SyncReport> {
  const { source, place, filter, replace, syncEach, jobs, bandwidth, tally, signal } = order;
  const { endpoint } = place;
  const from = localEndpoint(source);
  const nameMax = (await endpoint.space().catch(() => undefined))?.nameMax ?? DEFAULT_NAME_MAX;
  await using lanes = await openLanes({
    sources: [{ endpoint: from, spec: { kind: 'local', root: source } }],
    destination: { endpoint, spec: place.spec },
    options: {
      base: ROOT,
      bases: [],
      direct: true,
      fsync: syncEach,
      hashes: order.record !== undefined,
      dryRun: false,
      rereads: 2,
      nameMax,
    },
    bandwidth,
    jobs,
    signal,
    listener: tally,
  });
  return await transfer({
    source: new SourceTree([{ endpoint: from }]),
    clock: SAME_CLOCK,
    settle: undefined,
    destination: endpoint,
    base: ROOT,
    baseEntry: await endpoint.follow(ROOT),
    bases: [],
    rules: rulesFor(
      // As with Barman, everything belongs to who restores.
      { perms: true, times: true, checksum: order.checksum },
      [from.capabilities],
      endpoint.capabilities,
      { local: false, privileged: false },
    ),
    recursive: true,
    links: true,
    filter,
    hardLinks: false,
    removal: replace ? { most: undefined, filter, always: false } : undefined,
    lanes: lanes.lanes,
    nameMax,
    syncDirectories: syncEach,
    umask: 0,
    dryRun: false,
    record: order.record,
    tally,
    signal,
  });
}
