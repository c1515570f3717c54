import { relativeTo } from '../sync/bases.ts';
import { isWithin, type ResolvedDestination, type ResolvedSource, resolveSource } from '../sync/resolve.ts';
import { Sites } from '../sync/sites.ts';
import { Tally } from '../sync/tally.ts';
import { DEFAULT_JOBS, startThreads } from '../sync/workers/threads.ts';
import { byteString, toText } from '../system/byte-string.ts';
import { failure, isFailure } from '../system/errors.ts';
import { type CreateSetup, createSnapshot } from './create.ts';
import { manifestPath, type SnapshotId } from './layout.ts';
import { lockRepository } from './lock.ts';
import type { SnapshotOptions, SnapshotReport } from './options.ts';
import { judgeRepository, pruneSnapshots } from './prune.ts';
import { findRepository, openNewRepository } from './repository.ts';
import { parseRetention, type RetentionPolicy } from './retention.ts';
import { survey } from './survey.ts';

/**
 * Makes a snapshot of a directory: `REPOSITORY/<YYYYMMDDTHHMMSS>/`, in which every file that is unchanged since the
 * newest complete snapshot is a hard link to it, with a manifest. Source and repository are locations as for `sync`; at
 * least one of them is on this machine. Modes, times and owners (where this account may give files away) are kept;
 * owners by number.
 *
 * Failures of single paths are told as events and counted in the report; the snapshot is made without them. Rejects with
 * a CellarmanError for what stops it: USAGE, SOURCE_MISSING, SOURCE_SHRANK, LOCKED, LOCKED_ELSEWHERE, HOST_*,
 * CONNECTION_LOST, NO_SPACE, ABORTED and more. Then what was made stays, marked unfinished, and the next call goes on
 * with it.
 */
export async function snapshot(
  source: string,
  repository: string,
  options: SnapshotOptions = {},
): Promise<SnapshotReport> {
  const signal = options.signal ?? new AbortController().signal;
  const newTally = (): Tally =>
    new Tally(options.onEvent, options.events ?? 'touched', options.dryRun ?? false);
  let tally = newTally();
  await using sites = new Sites(options, signal, (error) => tally.onLost(error));
  await using _threads = startThreads(options.jobs ?? DEFAULT_JOBS);
  const policy = options.keep === undefined ? undefined : parseRetention(options.keep);
  const from = await sites.at(source);
  const to = await sites.at(repository);
  if (from.site.name !== '' && to.site.name !== '') {
    throw failure('USAGE', { detail: 'the source or the repository must be on this machine' });
  }
  const found = await resolveSource(source, byteString(`${from.path}/`), from.site);
  const dryRun = options.dryRun ?? false;
  refuseOverlap(found, await findRepository(repository, sites), options);
  await using store = await openNewRepository(repository, sites, dryRun);
  const sourceEndpoint = await from.site.open(found.root);
  try {
    if ((await sourceEndpoint.follow(byteString('')))?.type !== 'directory') {
      throw failure('NOT_A_DIRECTORY', { path: source });
    }
    await using _lock = dryRun ? NO_LOCK : await lockRepository(store.endpoint, store.local);
    const unusable = new Set<SnapshotId>();
    for (;;) {
      const setup: CreateSetup = {
        source: found,
        sourceEndpoint,
        repository: store,
        options,
        unusable,
        tally,
        signal,
      };
      try {
        const created = await createSnapshot(setup);
        const pruned = policy === undefined ? [] : await removeOld(setup, policy, created.id);
        return { ...created.report, id: created.id, basis: created.basis, resumed: created.resumed, pruned };
      } catch (error) {
        const damaged = await damagedBasis(setup, error);
        if (damaged === undefined) throw error;
        unusable.add(damaged);
        tally = newTally();
        tally.warning(
          `${(error as Error).message}; snapshot ${damaged} is not used to find what is unchanged`,
        );
      }
    }
  } finally {
    await sourceEndpoint.close();
  }
}

/** In a dry run what would be removed if the snapshot were made. */
async function removeOld(
  { repository: { endpoint }, options, signal }: CreateSetup,
  policy: RetentionPolicy,
  made: SnapshotId,
): Promise<readonly SnapshotId[]> {
  const { removed } =
    options.dryRun === true
      ? await judgeRepository(endpoint, policy, [{ id: made, finished: Date.now() * 1000 }])
      : await pruneSnapshots(endpoint, policy, { signal });
  return removed.map(({ id }) => id);
}

/** A repository within its source would hold itself. */
function refuseOverlap(
  source: ResolvedSource,
  repository: ResolvedDestination,
  options: SnapshotOptions,
): void {
  if (source.site !== repository.site || !isWithin(repository.path, source.root)) return;
  const inside = relativeTo(source.root, repository.path);
  if (inside === '' || options.filter?.hides(inside, true) !== true) {
    throw failure('DESTINATION_IN_SOURCE', { path: toText(repository.path) });
  }
}

const NO_LOCK: AsyncDisposable = { async [Symbol.asyncDispose]() {} };

/** The snapshot whose manifest an error is about, if it was the basis. */
async function damagedBasis(
  { repository, unusable }: CreateSetup,
  error: unknown,
): Promise<SnapshotId | undefined> {
  if (!isFailure(error, 'MANIFEST_DAMAGED', 'MANIFEST_UNSUPPORTED')) return undefined;
  const basis = (await survey(repository.endpoint)).complete.findLast((id) => !unusable.has(id));
  if (basis === undefined) return undefined;
  const path = `${repository.endpoint.name}/${toText(manifestPath(basis))}`;
  return error.facts['path'] === path ? basis : undefined;
}
