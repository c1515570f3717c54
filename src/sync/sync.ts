import { toText } from '../system/byte-string.ts';
import { failure } from '../system/errors.ts';
import { shareBandwidth } from './bandwidth.ts';
import { commonDirectory, findBases, relativeTo } from './bases.ts';
import { SAME_CLOCK, type SourceClock } from './clock.ts';
import { openLanes } from './lanes/open-lanes.ts';
import type { RunTotals } from './manifest/format.ts';
import { createLocalManifest, openLocalManifest } from './manifest-file.ts';
import type { SyncOptions } from './options.ts';
import { OwnerMap } from './owners.ts';
import { ROOT } from './path.ts';
import type { SyncReport } from './report.ts';
import {
  below,
  isWithin,
  type ResolvedDestination,
  type ResolvedSource,
  resolveDestination,
  resolveSource,
} from './resolve.ts';
import { keptInFull, keptParts, rulesFor } from './rules.ts';
import { Sites } from './sites.ts';
import { type SourceRoot, SourceTree } from './source-tree.ts';
import { Tally } from './tally.ts';
import { transfer } from './transfer.ts';
import { DEFAULT_JOBS, startThreads } from './workers/threads.ts';

/** What a file system takes where it does not tell; all of today's do. */
const DEFAULT_NAME_MAX = 255;

/**
 * Makes `destination` equal to the sources, the way rsync(1) understands locations, trailing slashes and options.
 * Locations are `PATH`, `[user@]host:PATH` or `sftp://[user@]host[:port]/PATH`.
 *
 * Failures of single paths are told as events and counted in the report. Rejects with a CellarmanError for what ends the
 * run: USAGE, SOURCE_MISSING, DESTINATION_*, HOST_*, LOGIN_REFUSED, NO_SFTP, CONNECTION_LOST, NO_SPACE, READ_ONLY,
 * TIMEOUT, ABORTED.
 */
export async function sync(
  sources: string | readonly string[],
  destination: string,
  options: SyncOptions = {},
): Promise<SyncReport> {
  const texts = typeof sources === 'string' ? [sources] : sources;
  if (texts.length === 0) throw failure('USAGE', { detail: 'there is no source' });
  const signal = options.signal ?? new AbortController().signal;
  const dryRun = options.dryRun ?? false;
  const jobs = options.jobs ?? DEFAULT_JOBS;
  await using _threads = startThreads(jobs);
  const tally = new Tally(options.onEvent, options.events ?? 'touched', dryRun);
  await using sites = new Sites(options, signal, (error) => tally.onLost(error));

  const target = await sites.at(destination);
  const found: ResolvedSource[] = [];
  for (const text of texts) {
    const { path, site } = await sites.at(text);
    const source = await resolveSource(text, path, site);
    if (source.only !== undefined || keptParts(options).recursive) found.push(source);
    else tally.warning(failure('DIRECTORY_SKIPPED', { path: text }).message);
  }
  if (found.length === 0) return tally.end();
  await using ends = new Ends();
  const roots: SourceRoot[] = [];
  for (const source of found) {
    const endpoint = ends.keep(await source.site.open(source.root));
    roots.push({
      endpoint,
      only: source.only === undefined ? undefined : { name: source.only, as: source.only },
    });
  }
  const singleFile = await isSingleFile(roots);
  const wishes = { singleFile, makePath: options.makePath ?? false };
  const resolve = (dry: boolean) =>
    resolveDestination(destination, target.path, target.site, { ...wishes, dryRun: dry });
  // Nothing is made before it is clear that the run may begin.
  const planned = await resolve(true);
  for (const source of found) refuseOverlap(source, planned, options);
  const to = dryRun ? planned : await resolve(false);
  const [only] = roots;
  if (to.fileName !== undefined && only?.only !== undefined) {
    roots[0] = { ...only, only: { name: only.only.name, as: to.fileName } };
  }

  const bases = await findBases(options, to.path, to.site, (text) =>
    tally.warning(`the basis directory ${text} does not exist; it is left out`),
  );
  const root = commonDirectory([to.path, ...bases.map(({ path }) => path)]);
  const base = relativeTo(root, to.path);
  const destinationEndpoint = ends.keep(await to.site.open(root));
  const space = await destinationEndpoint.space().catch(() => undefined);
  const nameMax = space?.nameMax ?? DEFAULT_NAME_MAX;
  const rules = rulesFor(
    options,
    roots.map(({ endpoint }) => endpoint.capabilities),
    destinationEndpoint.capabilities,
    { local: to.site.name === '', privileged: to.site.privileged },
  );
  if (!(options.numericIds ?? false) && (rules.owner || rules.group)) {
    for (const [i, { site }] of found.entries()) {
      const owned = roots[i];
      if (site !== to.site && owned !== undefined)
        roots[i] = { ...owned, owners: new OwnerMap(site, to.site) };
    }
  }
  const known =
    options.basisManifest === undefined
      ? undefined
      : ends.keep(await openLocalManifest(options.basisManifest));
  const basePaths = bases.map(({ path }) => relativeTo(root, path));
  await using lanes = await openLanes({
    sources: found.map((source, i) => ({
      endpoint: (roots[i] as SourceRoot).endpoint,
      spec: source.site.spec(source.root),
    })),
    destination: { endpoint: destinationEndpoint, spec: to.site.spec(root) },
    options: {
      base,
      bases: basePaths,
      direct: false,
      fsync: options.fsync ?? false,
      hashes: options.manifest !== undefined,
      dryRun,
      rereads: 2,
      nameMax,
    },
    bandwidth: options.bandwidthLimit === undefined ? undefined : shareBandwidth(options.bandwidthLimit),
    jobs,
    signal,
    listener: tally,
  });
  const { recursive, links } = keptParts(options);
  const recording = options.manifest !== undefined && !dryRun;
  // Only a manifest remembers which files were too young to be trusted, so only then the source's clock matters.
  const clock = recording ? await commonClock(found) : SAME_CLOCK;
  const manifest = recording
    ? await createLocalManifest(options.manifest, {
        source: texts.join(' '),
        started: Date.now() * 1000,
        mtimePrecision: rules.precision,
        keeps: keptInFull(rules),
      })
    : undefined;
  try {
    const report = await transfer({
      source: new SourceTree(roots, options.oneFileSystem),
      clock,
      settle: recording || dryRun ? undefined : () => commonClock(found),
      destination: destinationEndpoint,
      base,
      baseEntry: to.exists ? await destinationEndpoint.lookup(base) : undefined,
      bases: bases.map(({ use }, i) => ({ use, path: basePaths[i] ?? ROOT })),
      rules,
      recursive,
      links,
      filter: options.filter,
      hardLinks: options.hardLinks ?? false,
      removal: removes(options)
        ? { most: options.maxDelete, filter: options.filter, always: false }
        : undefined,
      lanes: lanes.lanes,
      nameMax,
      syncDirectories: options.fsync ?? false,
      umask: process.umask(),
      dryRun,
      recall:
        known === undefined
          ? undefined
          : async (path, entries) => ({ entries, recorded: await known.at(path) }),
      record: manifest === undefined ? undefined : (listing) => manifest.add(listing),
      tally,
      signal,
    });
    await manifest?.finish(runTotals(report));
    return report;
  } catch (error) {
    await manifest?.abort();
    throw error;
  }
}

function removes(options: SyncOptions): boolean {
  return options.delete ?? options.deleteExcluded ?? false;
}

/** What a manifest says of the run that made it. */
export function runTotals(report: SyncReport): RunTotals {
  return {
    finished: Date.now() * 1000,
    newFiles: report.transferredFiles,
    newBytes: report.transferredBytes,
    linkedFiles: report.linkedFiles,
    linkedBytes: report.linkedBytes,
    failed: report.failed + report.vanished,
  };
}

/** Of several sources the clock that is known least. */
async function commonClock(sources: readonly ResolvedSource[]): Promise<SourceClock> {
  const clocks = await Promise.all(sources.map(({ site }) => site.clock()));
  return clocks.reduce((worst, clock) => (clock.uncertainty > worst.uncertainty ? clock : worst), SAME_CLOCK);
}

/** What is to be closed at the end. */
class Ends implements AsyncDisposable {
  readonly #open: { close(): Promise<void> }[] = [];

  keep<T extends { close(): Promise<void> }>(one: T): T {
    this.#open.push(one);
    return one;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#open.map((one) => one.close()));
  }
}

/** Whether the one source is something else than a directory, so that the destination may be its new name. */
async function isSingleFile(roots: readonly SourceRoot[]): Promise<boolean> {
  const [root] = roots;
  if (roots.length !== 1 || root?.only === undefined) return false;
  const entry = await root.endpoint.lookup(root.only.name);
  return entry !== undefined && entry.type !== 'directory';
}

/** A run must not read what it writes, nor remove what it reads. */
function refuseOverlap(source: ResolvedSource, to: ResolvedDestination, options: SyncOptions): void {
  if (source.site !== to.site) return;
  const from = source.only === undefined ? source.root : below(source.root, source.only);
  const becomes = source.only === undefined ? to.path : below(to.path, to.fileName ?? source.only);
  if (from === becomes) throw failure('SOURCE_IS_DESTINATION', { path: source.text });
  if (isWithin(becomes, from)) {
    const inside = relativeTo(from, becomes);
    const inTransfer = source.only === undefined ? inside : below(source.only, inside);
    if (options.filter?.hides(inTransfer, true) !== true) {
      throw failure('DESTINATION_IN_SOURCE', { path: toText(to.path) });
    }
  }
  if (options.delete === true && isWithin(from, becomes)) {
    throw failure('SOURCE_IN_DESTINATION', { path: source.text });
  }
}
