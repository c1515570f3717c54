import { setTimeout } from 'node:timers/promises';
import { createJournal, readJournals } from '../../snapshot/journal.ts';
import { standing } from '../../snapshot/resume.ts';
import { shareBandwidth } from '../../sync/bandwidth.ts';
import type { SourceClock } from '../../sync/clock.ts';
import type { Endpoint } from '../../sync/endpoint.ts';
import type { EndpointSpec } from '../../sync/endpoints/spec.ts';
import type { RelPath } from '../../sync/entry.ts';
import type { Filter } from '../../sync/filter.ts';
import { openLanes } from '../../sync/lanes/open-lanes.ts';
import type { RecordedListing } from '../../sync/manifest/record.ts';
import { createManifestFile } from '../../sync/manifest-file.ts';
import type { BasisUse } from '../../sync/plan.ts';
import type { ProgressEvent, SyncReport } from '../../sync/report.ts';
import { keptInFull, rulesFor } from '../../sync/rules.ts';
import { isOfPath } from '../../sync/run-failure.ts';
import { SourceTree } from '../../sync/source-tree.ts';
import { runTotals } from '../../sync/sync.ts';
import { Tally } from '../../sync/tally.ts';
import { transfer } from '../../sync/transfer.ts';
import type { ByteString } from '../../system/byte-string.ts';
import { type CellarmanError, isFailure } from '../../system/errors.ts';
import { flushFileSystem } from '../../system/flush-file-system.ts';
import { identify } from '../../system/process-identity.ts';
import { type ClusterInspectionSettings, clusterInspection } from '../page-inspection/cluster-inspection.ts';
import { type ChosenBases, journalsIn, type OpenBases, openBases } from './bases.ts';
import { isBesideTheCopy, journalOf, manifestOf, treeOf } from './own-files.ts';

export interface CopyOrder {
  readonly id: string;
  /** For people, in the manifest. */
  readonly from: string;
  readonly source: { readonly endpoint: Endpoint; readonly spec: EndpointSpec | undefined };
  readonly clock: SourceClock;
  /** On `base/`; and where that is. */
  readonly destination: Endpoint;
  readonly base: ByteString;
  readonly bases: ChosenBases;
  readonly use: Exclude<BasisUse, 'compare'>;
  readonly jobs: number;
  /** Bytes a second over all lanes. */
  readonly bandwidth: number | undefined;
  /** How contents are looked at as they pass, and who is told. */
  readonly inspection: ClusterInspectionSettings | undefined;
  readonly onInspected: (path: RelPath, finding: unknown) => void;
  readonly retry: { readonly times: number; readonly sleep: number };
  readonly onProgress: (event: ProgressEvent) => void;
  readonly warn: (message: string) => void;
  readonly signal: AbortSignal;
}

export interface Copied {
  readonly report: SyncReport;
  /** Bytes of all files in the backup. */
  readonly bytes: number;
}

/** What protects from being removed when a copy is gone on with. */
const OURS: Filter = { hides: () => false, protects: isBesideTheCopy };

/**
 * Copies a running cluster into `base/<ID>` and leaves its manifest there, all on the disk when it resolves. Files that
 * vanish are no problem, all others that fail are: the first one ends the copy. A copy that breaks off is gone on with as
 * often as `retry` says.
 */
export async function copyCluster(order: CopyOrder): Promise<Copied> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await new Copy(order, attempt).run();
    } catch (error) {
      if (attempt >= order.retry.times || !mayPass(error) || order.signal.aborted) throw error;
      const { sleep, times } = order.retry;
      order.warn(
        `${(error as Error).message}; trying again in ${sleep} seconds (${attempt + 1} of ${times})`,
      );
      await setTimeout(sleep * 1000, undefined, { signal: order.signal }).catch(() => {
        throw error;
      });
    }
  }
}

/** What another attempt may find otherwise. */
function mayPass(error: unknown): boolean {
  return isFailure(
    error,
    'CONNECTION_LOST',
    'HOST_UNREACHABLE',
    'NO_SFTP',
    'TIMEOUT',
    'PROTOCOL',
    'SSH_COMMAND_FAILED',
  );
}

class Copy {
  readonly #order: CopyOrder;
  readonly #isResumed: boolean;
  readonly #stop = new AbortController();
  readonly #tally: Tally;
  readonly #syncEach = process.platform !== 'linux';
  #failed: CellarmanError | undefined;
  #bytes = 0;

  constructor(order: CopyOrder, attempt: number) {
    this.#order = order;
    this.#isResumed = attempt > 0;
    this.#tally = new Tally(
      (event) => {
        if (event.type === 'progress') order.onProgress(event);
        else if (event.type === 'warning') order.warn(event.message);
        else if (event.type === 'problem' && event.error.code !== 'VANISHED') this.#fail(event.error);
      },
      'none',
      false,
    );
  }

  async run(): Promise<Copied> {
    const { id, from, source, destination, bases: chosen, use, warn } = this.#order;
    await using bases = await openBases(destination, chosen, use, warn);
    const journals = await journalsIn(destination, id);
    const journal = await createJournal(destination, journalOf(id, journals.length + 1), {
      started: Date.now() * 1000,
      boot: identify(process.pid).boot ?? null,
      synced: this.#syncEach,
    });
    const rules = this.#rules(bases);
    const manifest = await createManifestFile(destination, manifestOf(id), {
      source: from,
      started: Date.now() * 1000,
      mtimePrecision: source.endpoint.capabilities.mtimePrecision,
      keeps: keptInFull(rules),
    });
    try {
      const report = await this.#transfer(bases, {
        rules,
        recall: this.#isResumed ? await this.#recall(bases, journals) : undefined,
        record: (listing: RecordedListing) => {
          for (const { type, size } of listing.entries) if (type === 'file') this.#bytes += size;
          return manifest.add(listing);
        },
        onFile: (directory: RelPath, entry: RecordedListing['directory']) => journal.add(directory, entry),
        onBatch: () => journal.flush(),
      });
      await bases.prove();
      await this.#flush();
      await manifest.finish(runTotals(report));
      await journal.close();
      for (const path of [...journals, journalOf(id, journals.length + 1)])
        await destination.removeFile(path);
      return { report, bytes: this.#bytes };
    } catch (error) {
      await manifest.abort();
      await journal.close();
      throw this.#failed ?? error;
    } finally {
      this.#tally.end();
    }
  }

  async #transfer(
    { bases }: OpenBases,
    parts: Pick<Parameters<typeof transfer>[0], 'rules' | 'recall' | 'record' | 'onFile' | 'onBatch'>,
  ): Promise<SyncReport> {
    const { id, source, clock, destination, base, jobs, bandwidth, inspection, onInspected } = this.#order;
    const signal = AbortSignal.any([this.#order.signal, this.#stop.signal]);
    const nameMax = (await destination.space().catch(() => undefined))?.nameMax ?? 255;
    await using lanes = await openLanes({
      sources: [{ endpoint: source.endpoint, spec: source.spec }],
      destination: { endpoint: destination, spec: { kind: 'local', root: base } },
      options: {
        base: treeOf(id),
        bases: bases.map(({ path }) => path),
        direct: true,
        fsync: this.#syncEach,
        hashes: true,
        dryRun: false,
        // A busy relation changes for ever, and WAL makes good whatever is read of it.
        rereads: 0,
        nameMax,
      },
      inspection: inspection === undefined ? undefined : clusterInspection(inspection),
      bandwidth: bandwidth === undefined ? undefined : shareBandwidth(bandwidth),
      jobs,
      signal,
      listener: this.#tally,
    });
    return await transfer({
      ...parts,
      source: new SourceTree([{ endpoint: source.endpoint }]),
      clock,
      settle: undefined,
      destination,
      base: treeOf(id),
      baseEntry: await destination.lookup(treeOf(id)),
      bases,
      restless: true,
      onInspected,
      recursive: true,
      links: true,
      filter: undefined,
      hardLinks: false,
      removal: this.#isResumed ? { most: undefined, filter: OURS, always: true } : undefined,
      lanes: lanes.lanes,
      nameMax,
      syncDirectories: this.#syncEach,
      umask: 0,
      dryRun: false,
      tally: this.#tally,
      signal,
    });
  }

  #rules({ mtimePrecision }: OpenBases) {
    const { source, destination } = this.#order;
    const rules = rulesFor(
      { recursive: true, perms: true, times: true },
      [source.endpoint.capabilities],
      destination.capabilities,
      { local: true, privileged: false },
    );
    return { ...rules, precision: Math.max(rules.precision, mtimePrecision) };
  }

  /** What stands of the attempt before. */
  async #recall({ bases, recall }: OpenBases, journals: readonly RelPath[]) {
    const { id, destination, bases: chosen, clock } = this.#order;
    const journal = (await readJournals(destination, journals)) ?? {
      started: 0,
      synced: false,
      boot: null,
      files: new Map(),
    };
    const unfinished = {
      endpoint: destination,
      tree: treeOf(id),
      basis: chosen.finished === undefined ? undefined : bases.at(-1)?.path,
      recallBasis: recall ?? (async () => []),
      journal,
      sameBoot: true,
      clock,
      signal: this.#order.signal,
    };
    return (path: RelPath, entries: Parameters<typeof standing>[2]) => standing(unfinished, path, entries);
  }

  #fail(error: CellarmanError): void {
    if (!isOfPath(error) || this.#failed !== undefined) return;
    this.#failed = error;
    this.#stop.abort(error);
  }

  async #flush(): Promise<void> {
    if (this.#syncEach || (await flushFileSystem(this.#order.base))) return;
    this.#order.warn(
      'the program sync(1) is missing: the backup may not survive a loss of power in the next minute',
    );
  }
}
