import { shareBandwidth } from '../sync/bandwidth.ts';
import type { SourceClock } from '../sync/clock.ts';
import type { Endpoint } from '../sync/endpoint.ts';
import type { RelPath } from '../sync/entry.ts';
import { openLanes } from '../sync/lanes/open-lanes.ts';
import { readManifest, readManifestTotals } from '../sync/manifest/files.ts';
import type { RecordedEntry } from '../sync/manifest/record.ts';
import { ManifestCursor } from '../sync/manifest-cursor.ts';
import { createManifestFile, type ManifestFile } from '../sync/manifest-file.ts';
import { ROOT } from '../sync/path.ts';
import type { PlanRules } from '../sync/plan.ts';
import type { SyncReport } from '../sync/report.ts';
import type { ResolvedSource } from '../sync/resolve.ts';
import { keptInFull, rulesFor } from '../sync/rules.ts';
import { SourceTree } from '../sync/source-tree.ts';
import { runTotals } from '../sync/sync.ts';
import type { Tally } from '../sync/tally.ts';
import { transfer } from '../sync/transfer.ts';
import type { Standing } from '../sync/transfer-setup.ts';
import { DEFAULT_JOBS } from '../sync/workers/threads.ts';
import { failure, isFailure } from '../system/errors.ts';
import { flushFileSystem } from '../system/flush-file-system.ts';
import { identify } from '../system/process-identity.ts';
import { createJournal, type JournalWriter, readJournals } from './journal.ts';
import {
  journalPath,
  manifestPath,
  momentOf,
  type SnapshotId,
  snapshotId,
  treePath,
  unfinishedPath,
} from './layout.ts';
import type { SnapshotOptions } from './options.ts';
import { removeTree } from './remove-tree.ts';
import type { Repository } from './repository.ts';
import { standing } from './resume.ts';
import { hasShrunk } from './shrink-guard.ts';
import { type Survey, survey } from './survey.ts';

const DEFAULT_NAME_MAX = 255;

export interface Created {
  readonly id: SnapshotId;
  readonly basis: SnapshotId | undefined;
  readonly resumed: boolean;
  readonly report: SyncReport;
}

export interface CreateSetup {
  readonly source: ResolvedSource;
  readonly sourceEndpoint: Endpoint;
  readonly repository: Repository;
  readonly options: SnapshotOptions;
  /** Snapshots that cannot serve as basis: their manifests are damaged. */
  readonly unusable: ReadonlySet<SnapshotId>;
  readonly tally: Tally;
  readonly signal: AbortSignal;
}

/**
 * Makes one snapshot. What it has when it is interrupted stays, marked unfinished, and is gone on with by the next run.
 * The order at the end: contents and directories, the manifest, the tree's name; each is on the disk before the next.
 */
export async function createSnapshot(setup: CreateSetup): Promise<Created> {
  const { repository, options } = setup;
  const { endpoint } = repository;
  const dryRun = options.dryRun ?? false;
  const before = await survey(endpoint);
  const basis = before.complete.findLast((id) => !setup.unusable.has(id));
  const id = freeId(before);
  const resumed = before.unfinished.at(-1);
  const working = resumed ?? id;
  const clock = await setup.source.site.clock();
  const known = basis === undefined ? undefined : await openBasis(endpoint, basis);
  try {
    const run = new Run(setup, { before, basis, working, resumed: resumed !== undefined, clock, known });
    const report = dryRun ? await run.pretend() : await run.make(id);
    return { id, basis, resumed: resumed !== undefined, report };
  } finally {
    await known?.cursor.close();
  }
}

/** The id of now; a later one where the clock was set back: the newest snapshot has the greatest id. */
function freeId({ complete, orphaned, unfinished, removed }: Survey): SnapshotId {
  const newest = [...complete, ...orphaned, ...unfinished, ...removed].reduce((a, b) => (a > b ? a : b), '');
  for (let moment = Math.max(Date.now(), momentOf(newest)?.getTime() ?? 0); ; moment += 1000) {
    const id = snapshotId(new Date(moment));
    if (id > newest) return id;
  }
}

interface KnownBasis {
  readonly cursor: ManifestCursor;
  /** Of the times in it, microseconds. */
  readonly mtimePrecision: number;
  /** Asked several times for one directory, in the order of the walk. */
  readonly recall: (path: RelPath) => Promise<readonly RecordedEntry[]>;
}

async function openBasis(endpoint: Endpoint, basis: SnapshotId): Promise<KnownBasis> {
  const reader = await readManifest(endpoint, manifestPath(basis));
  const cursor = new ManifestCursor(reader);
  let last: { readonly path: RelPath; readonly entries: readonly RecordedEntry[] } | undefined;
  return {
    cursor,
    mtimePrecision: reader.header.mtimePrecision,
    async recall(path) {
      if (last?.path !== path) last = { path, entries: await cursor.at(path) };
      return last.entries;
    },
  };
}

interface RunState {
  readonly before: Survey;
  readonly basis: SnapshotId | undefined;
  /** The id under which the unfinished tree stands. */
  readonly working: SnapshotId;
  readonly resumed: boolean;
  readonly clock: SourceClock;
  readonly known: KnownBasis | undefined;
}

const NOTHING_KNOWN = async (): Promise<readonly RecordedEntry[]> => [];

class Run {
  readonly #setup: CreateSetup;
  readonly #state: RunState;
  readonly #tree: RelPath;
  /** Files are synced one by one where the whole file system cannot be flushed at once. */
  readonly #syncEach: boolean;

  constructor(setup: CreateSetup, state: RunState) {
    const { repository } = setup;
    this.#setup = setup;
    this.#state = state;
    this.#tree = unfinishedPath(state.working);
    this.#syncEach = repository.local === undefined || process.platform !== 'linux';
  }

  async pretend(): Promise<SyncReport> {
    return await this.#transfer(undefined, undefined);
  }

  async make(id: SnapshotId): Promise<SyncReport> {
    const { repository, options, source, sourceEndpoint, tally } = this.#setup;
    const { endpoint } = repository;
    const { working, resumed, before, basis } = this.#state;
    if (!resumed) await endpoint.makeDirectory(this.#tree, 0o700);
    const journal = await createJournal(
      endpoint,
      journalPath(working, before.journalsOf(working).length + 1),
      {
        started: Date.now() * 1000,
        boot: identify(process.pid).boot ?? null,
        synced: this.#syncEach && endpoint.capabilities.durable,
      },
    );
    let manifest: ManifestFile | undefined;
    try {
      manifest = await createManifestFile(endpoint, manifestPath(id), {
        source: source.text,
        started: Date.now() * 1000,
        mtimePrecision: sourceEndpoint.capabilities.mtimePrecision,
        keeps: keptInFull(this.#rules()),
      });
      const report = await this.#transfer(manifest, journal);
      // The basis' manifest is read to its end, where it proves to be whole: nothing was linked by a damaged one.
      await this.#state.known?.cursor.end();
      if (basis !== undefined && options.allowShrink !== true) await this.#guard(report, basis);
      await this.#flush();
      await manifest.finish(runTotals(report));
      manifest = undefined;
      await endpoint.rename(this.#tree, treePath(id));
      await endpoint.syncDirectory(ROOT);
      await journal.close();
      await this.#tidy();
      return report;
    } catch (error) {
      await manifest?.abort();
      await journal.close();
      if (isFailure(error, 'SOURCE_SHRANK')) await this.#discard();
      throw error;
    } finally {
      tally.end();
    }
  }

  async #transfer(
    manifest: ManifestFile | undefined,
    journal: JournalWriter | undefined,
  ): Promise<SyncReport> {
    const { source, sourceEndpoint, repository, options, tally, signal } = this.#setup;
    const { basis, clock, known, resumed } = this.#state;
    const { endpoint } = repository;
    const { filter, dryRun = false, bandwidthLimit, jobs = DEFAULT_JOBS, oneFileSystem = false } = options;
    const nameMax = (await endpoint.space().catch(() => undefined))?.nameMax ?? DEFAULT_NAME_MAX;
    const bases =
      basis === undefined || known === undefined
        ? []
        : [{ use: 'link' as const, path: treePath(basis), recall: known.recall }];
    await using lanes = await openLanes({
      sources: [{ endpoint: sourceEndpoint, spec: source.site.spec(source.root) }],
      destination: { endpoint, spec: repository.spec },
      options: {
        base: this.#tree,
        bases: bases.map(({ path }) => path),
        direct: true,
        fsync: this.#syncEach,
        hashes: true,
        dryRun,
        rereads: 2,
        nameMax,
      },
      bandwidth: bandwidthLimit === undefined ? undefined : shareBandwidth(bandwidthLimit),
      jobs,
      signal,
      listener: tally,
    });
    return await transfer({
      source: new SourceTree([{ endpoint: sourceEndpoint }], oneFileSystem),
      clock,
      settle: undefined,
      destination: endpoint,
      base: this.#tree,
      baseEntry: resumed && !dryRun ? await endpoint.lookup(this.#tree) : undefined,
      bases,
      rules: this.#rules(),
      recursive: true,
      links: true,
      filter,
      hardLinks: false,
      removal: resumed && !dryRun ? { most: undefined, filter: undefined, always: true } : undefined,
      lanes: lanes.lanes,
      nameMax,
      syncDirectories: this.#syncEach,
      umask: 0,
      dryRun,
      recall: resumed && !dryRun ? await this.#recall() : undefined,
      record: manifest === undefined ? undefined : (listing) => manifest.add(listing),
      onFile: journal === undefined ? undefined : (directory, entry) => journal.add(directory, entry),
      onBatch: () => journal?.flush(),
      tally,
      signal,
    });
  }

  #rules(): PlanRules {
    const { repository, sourceEndpoint, options } = this.#setup;
    const rules = rulesFor(
      { archive: true, checksum: options.checksum ?? false },
      [sourceEndpoint.capabilities],
      repository.endpoint.capabilities,
      { local: repository.local !== undefined, privileged: repository.privileged },
    );
    return { ...rules, precision: Math.max(rules.precision, this.#state.known?.mtimePrecision ?? 0) };
  }

  /** What of the unfinished tree stands. */
  async #recall(): Promise<((path: RelPath, entries: Standing['entries']) => Promise<Standing>) | undefined> {
    const { repository, signal } = this.#setup;
    const { before, working, basis, clock, known } = this.#state;
    const { endpoint } = repository;
    const journal = await readJournals(endpoint, before.journalsOf(working));
    const sameBoot =
      repository.local !== undefined &&
      journal?.boot !== null &&
      journal?.boot === identify(process.pid).boot;
    const unfinished = {
      endpoint,
      tree: this.#tree,
      basis: basis === undefined ? undefined : treePath(basis),
      recallBasis: known?.recall ?? NOTHING_KNOWN,
      journal: journal ?? { started: 0, synced: false, boot: null, files: new Map() },
      sameBoot,
      clock,
      signal,
    };
    return (path, entries) => standing(unfinished, path, entries);
  }

  async #guard(report: SyncReport, basis: SnapshotId): Promise<void> {
    const { repository, source } = this.#setup;
    const totals = await readManifestTotals(repository.endpoint, manifestPath(basis));
    const then = totals.files + totals.directories + totals.symlinks + totals.others;
    const now = Object.values(report.entries).reduce((sum, count) => sum + count, 0);
    if (hasShrunk(then, now)) throw failure('SOURCE_SHRANK', { path: source.text, before: then, now });
  }

  async #flush(): Promise<void> {
    const { repository, tally } = this.#setup;
    if (this.#syncEach || repository.local === undefined) return;
    if (await flushFileSystem(repository.local)) return;
    tally.warning(
      'the program sync(1) is missing: the snapshot may not survive a loss of power in the next minute',
    );
  }

  /** What only the unfinished snapshot needed, and what older accidents left. */
  async #tidy(): Promise<void> {
    const { endpoint } = this.#setup.repository;
    const after = await survey(endpoint);
    for (const path of after.stray) await endpoint.removeFile(path).catch(() => {});
  }

  async #discard(): Promise<void> {
    const { endpoint } = this.#setup.repository;
    await removeTree(endpoint, this.#tree).catch(() => {});
    await this.#tidy().catch(() => {});
  }
}
