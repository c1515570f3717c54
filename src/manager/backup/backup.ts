import { mkdir } from 'node:fs/promises';
import { parseBackupLabel } from '../../postgres/backup-label.ts';
import type { WalRange } from '../../postgres/backup-manifest/types.ts';
import type { Lsn } from '../../postgres/lsn.ts';
import { type StartedBackup, startBackup, stopBackup } from '../../postgres/server/base-backup.ts';
import { keepAwake } from '../../postgres/server/keep-awake.ts';
import type { Session } from '../../postgres/server/session.ts';
import { listTablespaces } from '../../postgres/server/tablespaces.ts';
import { localEndpoint } from '../../sync/endpoints/local.ts';
import type { Site } from '../../sync/endpoints/site.ts';
import { startThreads } from '../../sync/workers/threads.ts';
import { type ByteString, fromText, toBuffer, toText } from '../../system/byte-string.ts';
import { type CellarmanError, failure, isFailure } from '../../system/errors.ts';
import type { Backup } from '../catalogue/backup.ts';
import { newBackupId } from '../catalogue/backup-id.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { readIdentity, writeIdentity } from '../catalogue/identity.ts';
import { serverLockPath, takeLock } from '../catalogue/locks.ts';
import { checkForBackup } from '../check/check-for-backup.ts';
import type { ServerConfig } from '../config/configuration.ts';
import { backupEnvironment, type HookEnvironment } from '../hooks/environment.ts';
import type { Hooks } from '../hooks/hooks.ts';
import { openDatabase } from '../server/database.ts';
import { databaseHost } from '../server/host.ts';
import { type ChosenBases, chooseBases } from './bases.ts';
import { closeSegment } from './close-segment.ts';
import { type Copied, copyCluster } from './copy.ts';
import { type DamagedFile, readDamage, writeDamage } from './damage.ts';
import { describeServer, describeWal, momentAt, statistics } from './description.ts';
import type { BackupEvent } from './events.ts';
import { copyLast, writeLabels } from './last-files.ts';
import { leaveManifest } from './leave-manifest.ts';
import type { BackupOptions } from './options.ts';
import { failOrphansLocked } from './orphans.ts';
import { ownDirectory } from './own-files.ts';
import { PageWatch, sharedDamage } from './page-watch.ts';
import { learnServer, listDatabases, type ServerFacts } from './server-facts.ts';
import { type ClusterSource, openSource } from './source.ts';
import { placeOfStart, placeOfStop } from './wal-place.ts';
import { proveWhole } from './whole.ts';

/** Milliseconds between two words about a checkpoint that takes its time. */
const CHECKPOINT_NEWS = 10_000;

/** Numbers of damaged pages that are told of one file. */
const MOST_TOLD = 10;

/** What is being done; Barman's words, which stand in `error` of a failed backup. */
type Action = 'starting backup' | 'copying files' | 'issuing stop of the backup' | 'finishing backup';

export interface TakenBackup {
  readonly backup: Backup;
  /** Why it failed, while it was doing what; undefined for a good one. */
  readonly problem: { readonly action: Action; readonly error: CellarmanError } | undefined;
  /** Pages that are damaged in the cluster itself. */
  readonly damage: readonly DamagedFile[];
}

/**
 * Takes one backup of a server. Whatever goes wrong before the backup has its place in the catalogue is thrown: LOCKED
 * where another one is being made, CHECKS_FAILED, what `openDatabase`, `databaseHost` and `openSource` give, WRONG_CLUSTER, NO_SPACE.
 * From then on it becomes a failed backup that says why, and the next one reuses what it has copied.
 */
export async function takeBackup(
  server: ServerConfig,
  catalogue: Catalogue,
  options: BackupOptions,
  hooks: Hooks,
  tell: (event: BackupEvent) => void,
  signal: AbortSignal,
): Promise<TakenBackup> {
  using _lock = await takeLock(serverLockPath(catalogue.locks, 'backup'));
  const orphans = await failOrphansLocked(catalogue);
  if (orphans.length > 0) tell({ type: 'orphans', ids: orphans });
  const warn = (message: string): void => tell({ type: 'warning', message });
  const unwanted = new AbortController();
  await using site = await databaseHost(server, AbortSignal.any([signal, unwanted.signal]), (error) =>
    warn(`${error.message}; connecting again`),
  );
  try {
    await checkForBackup(server, catalogue, site, signal);
  } catch (error) {
    // A host that says nothing for longer than `check_timeout` is not waited for.
    unwanted.abort();
    throw error;
  }
  await using _threads = startThreads(options.jobs);
  await using session = await openDatabase(server, 'conninfo', signal);
  const facts = await learnServer(session);
  await refuseOtherIdentity(server, catalogue, facts);
  const limits = server.options.tablespace_bandwidth_limit ?? new Map();
  await using source = await openSource(site, facts, { limits, warn, signal });
  const begun = new BackupRun({
    server,
    catalogue,
    options,
    hooks,
    tell,
    signal,
    session,
    facts,
    site,
    source,
  });
  return await begun.run();
}

async function refuseOtherIdentity(
  { name }: ServerConfig,
  { layout }: Catalogue,
  { identity: { systemIdentifier, version } }: ServerFacts,
): Promise<void> {
  const known = await readIdentity(layout);
  if (known === null) return;
  const others = `the backups in ${layout.root} are of`;
  if (known.systemId !== systemIdentifier) {
    throw failure('WRONG_CLUSTER', {
      server: name,
      found: `has the system identifier ${systemIdentifier}`,
      expected: `${others} ${known.systemId} (identity.json)`,
    });
  }
  if (known.version === String(version.major)) return;
  throw failure('WRONG_CLUSTER', {
    server: name,
    found: `is PostgreSQL ${version.major}`,
    expected: `${others} PostgreSQL ${known.version} (identity.json)`,
  });
}

interface RunParts {
  readonly server: ServerConfig;
  readonly catalogue: Catalogue;
  readonly options: BackupOptions;
  readonly hooks: Hooks;
  readonly tell: (event: BackupEvent) => void;
  readonly signal: AbortSignal;
  readonly session: Session;
  readonly facts: ServerFacts;
  readonly site: Site;
  readonly source: ClusterSource;
}

class BackupRun {
  readonly #parts: RunParts;
  readonly #began = Date.now();
  readonly #base: ByteString;
  readonly #destination: ReturnType<typeof localEndpoint>;
  #action: Action = 'starting backup';
  #session: Session;
  #damage: readonly DamagedFile[] = [];
  readonly #watch: PageWatch;

  constructor(parts: RunParts) {
    this.#parts = parts;
    this.#session = parts.session;
    this.#watch = new PageWatch(parts.facts.identity, parts.options.manifest);
    this.#base = fromText(parts.catalogue.layout.base);
    this.#destination = localEndpoint(this.#base);
  }

  async run(): Promise<TakenBackup> {
    const { catalogue, facts, hooks, options, server, tell, signal } = this.#parts;
    const { layout } = catalogue;
    for (const path of [layout.base, layout.wals, layout.incoming, layout.errors, layout.streaming])
      await mkdir(path, { recursive: true });
    const { backups } = await catalogue.read();
    const bases = this.#chooseBases(backups);
    const size = await facts.clusterSize;
    await this.#refuseFullDisk(bases, size);
    const { systemIdentifier, version } = facts.identity;
    if ((await readIdentity(layout)) === null)
      await writeIdentity(layout, { systemId: systemIdentifier, version: String(version.major) });
    const id = newBackupId(new Date(), backups.at(-1)?.id);
    await mkdir(layout.backup(id));
    let backup = await catalogue.create(id, describeServer(server, facts, size, options.name));
    tell({ type: 'starting', id, directory: layout.backup(id) });
    try {
      await hooks.before('backup', await this.#environment(backup), signal);
      backup = await this.#take(backup, bases);
    } catch (error) {
      const problem = { action: this.#action, error: asFailure(error) };
      // The server ends the backup with the session.
      await this.#session.close();
      const failed = {
        status: 'FAILED',
        error: `failure ${problem.action} (${problem.error.message})`,
      } as const;
      // On a full disk even that may be too much: then the next run finds a backup that nobody makes any more.
      backup = await catalogue.update(backup, failed).catch(() => ({
        ...backup,
        fields: { ...backup.fields, ...failed },
      }));
      await hooks.after('backup', await this.#environment(backup), problem.error);
      return { backup, problem, damage: [] };
    } finally {
      await this.#destination.close();
    }
    await hooks.after('backup', await this.#environment(backup), undefined, signal);
    tell({ type: 'completed', began: this.#began, time: Date.now() - this.#began });
    return { backup, problem: undefined, damage: this.#damage };
  }

  async #take(backup: Backup, bases: ChosenBases): Promise<Backup> {
    const { catalogue, facts, options, source, tell, server, signal } = this.#parts;
    const warn = (message: string): void => tell({ type: 'warning', message });
    const { id } = backup;
    const size = facts.identity.walSegmentSize;
    await this.#destination.makeDirectory(ownDirectory(id), 0o700);

    const stop = new AbortController();
    const interval = options.keepaliveInterval;
    const label = `cellarman backup ${server.name} ${id}`;
    const started = await this.#start(label);
    const control = await source.control();
    const start = placeOfStart(started.startLsn, control.content.timeline, size);
    tell({ type: 'started', ...start });
    const copying = await catalogue.update(backup, {
      status: 'STARTED',
      begin_time: momentAt(started.time),
      timeline: control.content.timeline,
      begin_wal: start.segment,
      begin_xlog: start.lsn,
      begin_offset: start.offset,
    });

    this.#action = 'copying files';
    const watch = interval > 0 ? keepAwake(this.#session, interval) : undefined;
    const lost = watch?.lost ?? this.#session.lost;
    const onLost = (): void => stop.abort(lost.reason);
    lost.addEventListener('abort', onLost, { once: true });
    if (lost.aborted) onLost();
    let copied: Copied;
    let late: number;
    try {
      copied = await this.#copy(id, bases, AbortSignal.any([signal, stop.signal]));
      this.#damage = await this.#findDamage(id, bases.finished?.id, started.startLsn);
      late = await copyLast(source, facts.files, facts.identity.dataDirectory, this.#destination, id, warn);
    } catch (error) {
      throw lost.aborted ? lost.reason : error;
    } finally {
      watch?.stop();
      lost.removeEventListener('abort', onLost);
    }

    this.#action = 'issuing stop of the backup';
    tell({ type: 'stopping' });
    const stopped = await stopBackup(this.#session, { waitForArchive: false });
    const databases = new Set((await listDatabases(this.#session)).map(({ oid }) => oid));
    const tablespaces = new Set((await listTablespaces(this.#session)).map(({ oid }) => oid));
    const { startTimeline } = parseBackupLabel(stopped.label);
    await closeSegment(server, facts.identity, this.#session, `barman_${id}`, warn, signal);
    this.#action = 'finishing backup';
    await writeLabels(this.#destination, id, stopped.label, stopped.tablespaceMap);
    const stayed = facts.databases.filter(({ oid }) => databases.has(oid));
    const located = facts.tablespaces.map(({ oid }) => oid).filter((oid) => tablespaces.has(oid));
    await proveWhole(this.#destination, id, facts.identity, stayed, located);

    const range = { timeline: startTimeline, start: started.startLsn, end: stopped.stopLsn };
    const manifest = options.manifest ? await this.#leaveManifest(id, bases.finished?.id, range) : 0;
    const bytes = copied.bytes + late + stopped.label.length + manifest;
    const own = bytes - copied.report.linkedBytes;
    tell({ type: 'size', size: bytes, own: options.reuse === 'link' ? own : undefined });
    const end = placeOfStop(stopped.stopLsn, startTimeline, size);
    tell({ type: 'stopped', ...end });
    const begin = placeOfStart(started.startLsn, startTimeline, size);
    return catalogue.update(copying, {
      ...describeWal(begin, end),
      status: 'WAITING_FOR_WALS',
      timeline: startTimeline,
      end_time: momentAt(stopped.time),
      backup_label: toBuffer(stopped.label).toString('utf8'),
      size: bytes,
      deduplicated_size: own,
      copy_stats: statistics(copied.report, options.jobs),
    });
  }

  async #start(label: string): Promise<StartedBackup> {
    const { options, facts, tell } = this.#parts;
    const fast = options.immediateCheckpoint;
    const began = Date.now();
    const tellTime = (): void => {
      const waited = Math.round((Date.now() - began) / 1000);
      tell({ type: 'checkpoint', waited, longest: Math.round(facts.checkpointTime) });
    };
    if (!fast) tellTime();
    const timer = fast ? undefined : setInterval(tellTime, CHECKPOINT_NEWS);
    try {
      return await startBackup(this.#session, { label, fast });
    } finally {
      clearInterval(timer);
    }
  }

  async #copy(id: string, bases: ChosenBases, signal: AbortSignal): Promise<Copied> {
    const { site, source, options, tell, facts } = this.#parts;
    tell({ type: 'copying', id, jobs: options.jobs, basis: bases.finished?.id });
    const began = Date.now();
    const host = site.name === '' ? '' : `${site.name}:`;
    const copied = await copyCluster({
      id,
      from: `${host}${toText(facts.identity.dataDirectory)}`,
      source,
      clock: await site.clock(),
      destination: this.#destination,
      base: this.#base,
      bases,
      use: options.reuse === 'copy' ? 'copy' : 'link',
      jobs: options.jobs,
      bandwidth: options.bandwidth,
      inspection: this.#watch.settings,
      onInspected: (path, finding) => this.#watch.see(path, finding),
      retry: options.retry,
      onProgress: (progress) => tell({ type: 'progress', progress }),
      warn: (message) => tell({ type: 'warning', message }),
      signal,
    });
    tell({ type: 'copied', time: Date.now() - began });
    return copied;
  }

  async #findDamage(id: string, basis: string | undefined, startLsn: Lsn): Promise<DamagedFile[]> {
    const { source, catalogue, tell, signal } = this.#parts;
    const found = await this.#watch.damage(source.endpoint, this.#session, startLsn, signal);
    const before = basis === undefined ? [] : await readDamage(catalogue.layout, basis);
    const shared = basis === undefined ? [] : await sharedDamage(this.#destination, basis, id, before);
    const damage = [...found, ...shared];
    if (damage.length === 0) return damage;
    await writeDamage(catalogue.layout, id, damage);
    for (const { path, blocks } of damage) {
      const some = `${blocks.slice(0, MOST_TOLD).join(', ')}${blocks.length > MOST_TOLD ? ', …' : ''}`;
      const message = `${path} is damaged on the server: page ${some} fails its checksum; keep the last backup in which it is whole`;
      tell({ type: 'warning', message });
    }
    return damage;
  }

  #leaveManifest(id: string, basis: string | undefined, range: WalRange): Promise<number> {
    const { catalogue, facts, options, tell, signal } = this.#parts;
    const { layout } = catalogue;
    return leaveManifest({
      directory: layout.backup(id),
      basis: basis === undefined ? undefined : layout.backup(basis),
      identity: facts.identity,
      range,
      taken: this.#watch.checksums,
      jobs: options.jobs,
      warn: (message) => tell({ type: 'warning', message }),
      signal,
    });
  }

  async #environment(backup: Backup): Promise<HookEnvironment> {
    const { catalogue } = this.#parts;
    return backupEnvironment(catalogue.layout, backup, (await catalogue.read()).backups);
  }

  #chooseBases(backups: readonly Backup[]): ChosenBases {
    const { facts, options } = this.#parts;
    const { systemIdentifier, version } = facts.identity;
    return chooseBases(backups, { systemIdentifier, major: version.major, use: options.reuse });
  }

  /** The least that will be needed: all of it, or with a basis what the cluster has grown by since. */
  async #refuseFullDisk({ finished }: ChosenBases, size: number | null): Promise<void> {
    const { options } = this.#parts;
    const space = await this.#destination.space();
    if (space === undefined || size === null) return;
    const shared = options.reuse === 'link' ? (finished?.fields.size ?? 0) : 0;
    const needed = size - shared;
    if (needed <= space.available) return;
    throw failure('NOT_ENOUGH_SPACE', { path: toText(this.#base), needed, available: space.available });
  }
}

function asFailure(error: unknown): CellarmanError {
  if (isFailure(error)) return error;
  return failure('INTERNAL', { detail: error instanceof Error ? error.message : String(error) }, error);
}
