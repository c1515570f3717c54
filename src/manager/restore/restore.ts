import { setTimeout as sleep } from 'node:timers/promises';
import { withoutCheckpoint } from '../../postgres/control-file.ts';
import { Bandwidth, type BandwidthShare, shareBandwidth } from '../../sync/bandwidth.ts';
import type { Endpoint } from '../../sync/endpoint.ts';
import { localEndpoint } from '../../sync/endpoints/local.ts';
import type { RelPath } from '../../sync/entry.ts';
import { readManifest } from '../../sync/manifest/files.ts';
import { joinPath, ROOT } from '../../sync/path.ts';
import { below } from '../../sync/resolve.ts';
import { Tally } from '../../sync/tally.ts';
import { byteString, fromText, toText } from '../../system/byte-string.ts';
import { type CellarmanError, failure, isFailure } from '../../system/errors.ts';
import { flushFileSystem } from '../../system/flush-file-system.ts';
import { identify } from '../../system/process-identity.ts';
import { DATA, manifestOf } from '../backup/own-files.ts';
import { isCopied } from '../catalogue/backup.ts';
import type { Layout } from '../catalogue/layout.ts';
import type { Compression } from '../wal/compression/compression.ts';
import { ContentCheck } from './content-check.ts';
import { copyTree } from './copy-tree.ts';
import { copyWal, makeDirectory } from './copy-wal.ts';
import { examineDestination, type OpenPlace, openPlace, type Standing } from './destination.ts';
import type { RestoreEvent } from './events.ts';
import { MARKER, writeMarker } from './marker.ts';
import type { RestorePlan } from './plan-restore.ts';
import { isPointInTime, recoverySettings, signalFile, type TargetAction } from './recovery-settings.ts';
import { type Repaired, repair } from './repair.ts';
import { DATA_FILTER, RECOVERY_WAL, tablespaceFilter } from './selection.ts';
import { type WrittenConfiguration, writeConfiguration } from './write-configuration.ts';
import { writeFile } from './write-file.ts';

export interface RestoreOptions {
  readonly jobs: number;
  /** Bytes a second over all lanes. */
  readonly bandwidth: number | undefined;
  readonly retry: { readonly times: number; readonly sleep: number };
  /** Fetches WAL during recovery; undefined: WAL is copied now. */
  readonly restoreCommand: string | undefined;
  readonly action: TargetAction | undefined;
  /** The file that takes the recovery settings. */
  readonly settingsFile: string;
  readonly onEvent: (event: RestoreEvent) => void;
  readonly signal: AbortSignal;
}

export interface Restored extends WrittenConfiguration {
  readonly repaired: readonly Repaired[];
  readonly transferredFiles: number;
  readonly transferredBytes: number;
  /** How the server will recover: by which file, with which settings. */
  readonly signalFile: string | undefined;
  readonly settings: readonly string[];
}

const CONTROL = byteString('global/pg_control');
const WAL = byteString('pg_wal');
const LINKS = byteString('pg_tblspc');

/**
 * Carries a plan out; everything is on the disk when it resolves. What was copied when it fails stays, and the next run
 * goes on with it. BACKUP_DAMAGED, WAL_DAMAGED, and what copying gives.
 */
export async function restore(
  plan: RestorePlan,
  layout: Layout,
  compression: Compression,
  options: RestoreOptions,
): Promise<Restored> {
  const { retry, signal, onEvent } = options;
  let { standing } = plan;
  for (let attempt = 0; ; attempt++) {
    try {
      return await new Restoration({ ...plan, standing }, layout, compression, options).run();
    } catch (error) {
      if (attempt >= retry.times || !mayPass(error) || signal.aborted) throw error;
      const message = `${error.message}; trying again in ${retry.sleep} seconds (${attempt + 1} of ${retry.times})`;
      onEvent({ type: 'warning', message });
      await sleep(retry.sleep * 1000, undefined, { signal }).catch(() => {
        throw error;
      });
      const { request, examined, place } = plan;
      const identity = {
        server: request.server,
        backup: examined.backup.id,
        systemIdentifier: examined.control.systemIdentifier,
      };
      standing = await examineDestination(place, identity, request.delta);
    }
  }
}

/** What another attempt may find otherwise. */
function mayPass(error: unknown): error is CellarmanError {
  return isFailure(
    error,
    'CONNECTION_LOST',
    'HOST_UNREACHABLE',
    'NO_SFTP',
    'TIMEOUT',
    'PROTOCOL',
    'SSH_COMMAND_FAILED',
    'IO',
  );
}

class Restoration {
  readonly #plan: RestorePlan;
  readonly #layout: Layout;
  readonly #compression: Compression;
  readonly #options: RestoreOptions;
  readonly #tally: Tally;
  readonly #bandwidth: BandwidthShare | undefined;
  readonly #problems: { readonly path: RelPath; readonly error: CellarmanError }[] = [];
  /** Where the WAL is that only recovery shall read. */
  readonly #walDirectory: string | undefined;
  readonly #isLocal: boolean;
  readonly #syncEach: boolean;
  #transferredFiles = 0;
  #transferredBytes = 0;
  #part: RelPath = ROOT;

  constructor(plan: RestorePlan, layout: Layout, compression: Compression, options: RestoreOptions) {
    this.#plan = plan;
    this.#layout = layout;
    this.#compression = compression;
    this.#options = options;
    this.#bandwidth = options.bandwidth === undefined ? undefined : shareBandwidth(options.bandwidth);
    this.#isLocal = plan.place.site.name === '';
    this.#syncEach = !this.#isLocal || process.platform !== 'linux';
    this.#tally = new Tally(
      (event) => {
        if (event.type === 'progress') options.onEvent({ type: 'progress', progress: event });
        else if (event.type === 'warning') options.onEvent(event);
        else if (event.type === 'problem')
          this.#problems.push({ path: joinPath(this.#part, event.path), error: event.error });
      },
      'none',
      false,
    );
    const { standby, stagingWalDirectory, target, timeline } = plan.request;
    const own = !standby && options.restoreCommand === undefined;
    this.#walDirectory =
      own && isPointInTime({ target, timelineWish: timeline })
        ? (stagingWalDirectory ?? toText(below(plan.place.path, byteString(RECOVERY_WAL))))
        : undefined;
  }

  async run(): Promise<Restored> {
    const { place, standing, tablespaces } = this.#plan;
    const { onEvent } = this.#options;
    if (standing.kind === 'unfinished') onEvent({ type: 'step', step: 'resume' });
    if (standing.kind === 'other') onEvent({ type: 'step', step: 'delta' });
    const open: OpenPlace[] = [];
    try {
      const data = await openPlace(place);
      open.push(data);
      await this.#begin(data.endpoint, standing);
      const located = new Map<string, OpenPlace>();
      for (const { oid, place: location } of tablespaces) {
        const opened = await openPlace(location);
        open.push(opened);
        located.set(String(oid), opened);
      }
      await this.#copyWal(data, open);
      const repaired = await this.#copyBase(data, located);
      onEvent({ type: 'step', step: 'configuration' });
      const written = await this.#configure(data);
      onEvent({ type: 'step', step: 'flush' });
      await this.#flush(open);
      await this.#finish(data.endpoint);
      return {
        ...written,
        repaired,
        transferredFiles: this.#transferredFiles,
        transferredBytes: this.#transferredBytes,
      };
    } finally {
      this.#tally.end();
      await Promise.all(open.map(({ endpoint }) => endpoint.close()));
    }
  }

  /** From here on, no server starts from what is in the destination, until it is finished. */
  async #begin(endpoint: Endpoint, standing: Standing): Promise<void> {
    const { examined, request, tablespaces } = this.#plan;
    const before = standing.kind === 'unfinished' ? standing.marker : undefined;
    const boot = identify(process.pid).boot ?? null;
    await writeMarker(endpoint, {
      server: request.server,
      backup: examined.backup.id,
      systemIdentifier: examined.control.systemIdentifier,
      boot: before === undefined || before.boot === boot ? boot : null,
      synced: this.#syncEach,
      delta: before?.delta ?? standing.kind === 'other',
      tablespaces: {
        ...before?.tablespaces,
        ...Object.fromEntries(tablespaces.map(({ oid, place }) => [String(oid), toText(place.path)])),
      },
    });
    if (standing.kind !== 'nothing') await removeIfPresent(endpoint, CONTROL);
  }

  /** Whether what stands may be judged by its size and time. */
  #trustsStanding(): boolean {
    const { standing } = this.#plan;
    if (standing.kind !== 'unfinished' || standing.marker.delta) return false;
    const boot = identify(process.pid).boot;
    return standing.marker.synced || (this.#isLocal && boot !== undefined && standing.marker.boot === boot);
  }

  async #copyWal(data: OpenPlace, open: OpenPlace[]): Promise<void> {
    const { wal, archive, request, place } = this.#plan;
    const { onEvent, signal, restoreCommand } = this.#options;
    await makeDirectory(data.endpoint, WAL);
    const common = {
      archive,
      compression: this.#compression,
      trustStanding: this.#trustsStanding(),
      bandwidth: this.#bandwidth === undefined ? undefined : new Bandwidth(this.#bandwidth),
      onBytes: (count: number) => this.#tally.onBytes(count),
      signal,
    };
    const nothing = { ...wal, segments: [], histories: [] };
    const isElsewhere = this.#walDirectory !== undefined || restoreCommand !== undefined;
    if (!isElsewhere) onEvent({ type: 'step', step: 'wal' });
    // What a pg_wal held before must not be mixed with the backup's WAL.
    await copyWal({
      ...common,
      plan: isElsewhere ? nothing : wal,
      endpoint: data.endpoint,
      directory: WAL,
      markArchived: true,
    });
    if (this.#walDirectory === undefined) return;
    onEvent({ type: 'step', step: 'wal' });
    const staging = request.stagingWalDirectory;
    const holder =
      staging === undefined
        ? data
        : await openPlace({
            site: place.site,
            path: fromText(staging),
            exists: (await place.site.real(fromText(staging))) !== undefined,
          });
    if (holder !== data) open.push(holder);
    const directory = holder === data ? byteString(RECOVERY_WAL) : ROOT;
    if (holder === data) await makeDirectory(data.endpoint, directory);
    await copyWal({ ...common, plan: wal, endpoint: holder.endpoint, directory, markArchived: false });
  }

  async #copyBase(
    data: OpenPlace,
    tablespaces: ReadonlyMap<string, OpenPlace>,
  ): Promise<readonly Repaired[]> {
    const { examined, hasManifest } = this.#plan;
    const { id } = examined.backup;
    const { onEvent } = this.#options;
    onEvent({ type: 'step', step: 'base' });
    const check = hasManifest ? await this.#openCheck(id) : undefined;
    try {
      for (const [oid, place] of tablespaces) {
        const source = fromText(this.#layout.tablespace(id, Number(oid)));
        const own = new Set<string>((await localEndpoint(source).list(ROOT)).map(({ name }) => name));
        await this.#copyPart(byteString(oid), source, place, tablespaceFilter(own), check);
      }
      await this.#copyPart(DATA, fromText(this.#layout.data(id)), data, DATA_FILTER, check);
      await check?.end();
    } finally {
      await check?.close();
    }
    const repaired = check === undefined ? [] : await this.#repair(check, data, tablespaces);
    const mended = new Set<string>(repaired.map(({ path }) => path));
    const problem = this.#problems.find(({ path }) => !mended.has(path));
    if (problem !== undefined) throw problem.error;
    return repaired;
  }

  async #openCheck(id: string): Promise<ContentCheck> {
    const manifest = await readManifest(localEndpoint(fromText(this.#layout.base)), manifestOf(id));
    const inside = `${DATA}/`;
    return new ContentCheck(
      manifest,
      (path, directory) =>
        path.startsWith(inside) && DATA_FILTER.hides(byteString(path.slice(inside.length)), directory),
    );
  }

  async #copyPart(
    part: RelPath,
    source: ReturnType<typeof fromText>,
    place: OpenPlace,
    filter: typeof DATA_FILTER,
    check: ContentCheck | undefined,
  ): Promise<void> {
    const { standing } = this.#plan;
    const { jobs, signal } = this.#options;
    this.#part = part;
    const before = { ...this.#tally.report };
    const report = await copyTree({
      source,
      place,
      filter,
      replace: standing.kind !== 'nothing',
      checksum: standing.kind !== 'nothing' && !this.#trustsStanding(),
      syncEach: this.#syncEach,
      record:
        check === undefined
          ? undefined
          : (listing) => check.compare(joinPath(part, listing.path), listing.entries),
      jobs,
      bandwidth: this.#bandwidth,
      tally: this.#tally,
      signal,
    });
    this.#transferredFiles += report.transferredFiles - before.transferredFiles;
    this.#transferredBytes += report.transferredBytes - before.transferredBytes;
  }

  async #repair(
    { damaged }: ContentCheck,
    data: OpenPlace,
    tablespaces: ReadonlyMap<string, OpenPlace>,
  ): Promise<readonly Repaired[]> {
    if (damaged.length === 0) return [];
    const { examined, backups } = this.#plan;
    const { onEvent } = this.#options;
    for (const { path } of damaged) onEvent({ type: 'damaged', path });
    const { id } = examined.backup;
    const others = backups
      .filter((backup) => backup.id !== id && isCopied(backup))
      .map((backup) => backup.id);
    const { repaired, lost } = await repair(this.#layout, others.reverse(), damaged, (path) => {
      const [part = ''] = path.split('/', 1);
      const { endpoint } = tablespaces.get(part) ?? data;
      return { endpoint, path: byteString(path.slice(part.length + 1)) };
    });
    for (const one of repaired) onEvent({ type: 'repaired', repaired: one });
    if (lost.length === 0) return repaired;
    const paths = lost.map(({ path }) => toText(path)).join(', ');
    throw failure('BACKUP_DAMAGED', { id, count: lost.length, paths });
  }

  async #configure(
    data: OpenPlace,
  ): Promise<Omit<Restored, 'repaired' | 'transferredFiles' | 'transferredBytes'>> {
    const { examined, request, wal, tablespaces } = this.#plan;
    const { action, restoreCommand, settingsFile } = this.#options;
    const wishes = {
      target: request.target,
      exclusive: request.exclusive,
      timelineWish: request.timeline,
      timeline: wal.lineage.timeline,
      action,
      standby: request.standby,
      walDirectory: this.#walDirectory,
      restoreCommand,
    };
    await makeDirectory(data.endpoint, LINKS);
    for (const { oid, place } of tablespaces) {
      const link = joinPath(LINKS, byteString(String(oid)));
      await removeIfPresent(data.endpoint, link);
      await data.endpoint.symlink(link, place.path);
    }
    await data.endpoint.syncDirectory(LINKS);
    const settings = recoverySettings(wishes);
    const signal = signalFile(wishes);
    const written = await writeConfiguration({
      source: this.#layout.data(examined.backup.id),
      endpoint: data.endpoint,
      settings,
      settingsFile,
      signal,
    });
    // A server refuses a directory that others may enter.
    const mode = (await data.endpoint.follow(ROOT))?.mode ?? 0;
    if (mode !== 0o700 && mode !== 0o750) await data.endpoint.setAttributes(ROOT, { mode: 0o700 });
    return { ...written, signalFile: signal, settings };
  }

  async #flush(open: readonly OpenPlace[]): Promise<void> {
    if (this.#syncEach) return;
    for (const { path } of open) {
      if (await flushFileSystem(path)) continue;
      const message =
        'the program sync(1) is missing: what was restored may not survive a loss of power in the next minute';
      return this.#options.onEvent({ type: 'warning', message });
    }
  }

  /** With pg_control a server can start: it needs the backup label, and without it finds no checkpoint to begin at. */
  async #finish(endpoint: Endpoint): Promise<void> {
    await endpoint.syncDirectory(ROOT);
    await writeFile(endpoint, CONTROL, withoutCheckpoint(this.#plan.examined.controlBytes), { mode: 0o600 });
    await endpoint.syncDirectory(byteString('global'));
    await endpoint.removeFile(MARKER);
    await endpoint.syncDirectory(ROOT);
  }
}

async function removeIfPresent(endpoint: Endpoint, path: RelPath): Promise<void> {
  try {
    await endpoint.removeFile(path);
  } catch (error) {
    if (!isFailure(error, 'NOT_FOUND')) throw error;
  }
}
