import { withoutCheckpoint } from '../../postgres/control-file.ts';
import { Bandwidth, type BandwidthShare, shareBandwidth } from '../../sync/bandwidth.ts';
import type { Endpoint } from '../../sync/endpoint.ts';
import type { Flusher } from '../../sync/endpoints/flusher.ts';
import type { RelPath } from '../../sync/entry.ts';
import { joinPath, ROOT } from '../../sync/path.ts';
import { Tally } from '../../sync/tally.ts';
import { byteString, toText } from '../../system/byte-string.ts';
import { failure, isFailure } from '../../system/errors.ts';
import { identify } from '../../system/process-identity.ts';
import { isCopied } from '../catalogue/backup.ts';
import type { Layout } from '../catalogue/layout.ts';
import { readAgain } from '../catalogue/read-backups.ts';
import type { Compression } from '../wal/compression/compression.ts';
import { BaseCopy } from './base-copy.ts';
import { claimDestination } from './claim.ts';
import { copyWal, makeDirectory } from './copy-wal.ts';
import {
  findPlace,
  type OpenPlace,
  openPlace,
  type Place,
  refuseRunning,
  type Standing,
} from './destination.ts';
import { MARKER, type Marker, markerBytes, replaceMarker } from './marker.ts';
import type { Restored, RestoreOptions } from './options.ts';
import type { RestorePlan } from './plan-restore.ts';
import { isPointInTime, recoverySettings, signalFile } from './recovery-settings.ts';
import type { Repaired } from './repair.ts';
import { RECOVERY_WAL, recoveryWalBelow } from './selection.ts';
import { SteadyFlush } from './steady-flush.ts';
import { writeConfiguration } from './write-configuration.ts';
import { writeFile } from './write-file.ts';

const CONTROL = byteString('global/pg_control');
const WAL = byteString('pg_wal');
const LINKS = byteString('pg_tblspc');

/** One attempt to carry a plan out. */
export class Restoration {
  readonly #plan: RestorePlan;
  readonly #layout: Layout;
  readonly #compression: Compression;
  readonly #options: RestoreOptions;
  readonly #tally: Tally;
  readonly #bandwidth: BandwidthShare | undefined;
  #base: BaseCopy | undefined;
  /** Where the WAL is that only recovery shall read. */
  readonly #walDirectory: string | undefined;
  readonly #open: OpenPlace[] = [];
  /** Undefined where each file is synced by itself. */
  #flusher: Flusher | undefined;
  #steadyFlush: SteadyFlush | undefined;
  #marker: Marker | undefined;

  constructor(plan: RestorePlan, layout: Layout, compression: Compression, options: RestoreOptions) {
    this.#plan = plan;
    this.#layout = layout;
    this.#compression = compression;
    this.#options = options;
    this.#bandwidth = options.bandwidth === undefined ? undefined : shareBandwidth(options.bandwidth);
    this.#tally = new Tally(
      (event) => {
        if (event.type === 'progress') options.onEvent({ type: 'progress', progress: event });
        else if (event.type === 'warning') options.onEvent(event);
        else if (event.type === 'problem') this.#base?.problem(event.path, event.error);
      },
      'none',
      false,
    );
    const { standby, stagingWalDirectory, target, timeline } = plan.request;
    const own = !standby && options.restoreCommand === undefined;
    this.#walDirectory =
      own && isPointInTime({ target, timelineWish: timeline })
        ? (stagingWalDirectory ?? toText(recoveryWalBelow(plan.place.path)))
        : undefined;
  }

  async run(): Promise<Restored> {
    const { place, standing, tablespaces } = this.#plan;
    const { onEvent } = this.#options;
    if (standing.kind === 'unfinished') onEvent({ type: 'step', step: 'resume' });
    if (standing.kind === 'other') onEvent({ type: 'step', step: 'delta' });
    try {
      await this.#refuseRemoved();
      const data = await this.#openPlace(place);
      await this.#begin(data, standing);
      const located = new Map<string, OpenPlace>();
      for (const { oid, place: location } of tablespaces)
        located.set(String(oid), await this.#openPlace(location));
      if (this.#flusher !== undefined)
        this.#steadyFlush = new SteadyFlush(this.#flusher, () => this.#open.map(({ path }) => path));
      await this.#copyWal(data);
      onEvent({ type: 'step', step: 'base' });
      const repaired = await this.#copyBase(data, located);
      onEvent({ type: 'step', step: 'configuration' });
      const written = await this.#configure(data);
      await this.#refuseRemoved();
      onEvent({ type: 'step', step: 'flush' });
      await this.#flush(data.endpoint);
      await this.#finish(data.endpoint);
      return {
        ...written,
        repaired,
        transferredFiles: this.#tally.report.transferredFiles,
        transferredBytes: this.#tally.report.transferredBytes,
      };
    } finally {
      this.#tally.end();
      await this.#noteLoss(this.#open[0]?.endpoint, await this.#steadyFlush?.abandon());
      await this.#flusher?.[Symbol.asyncDispose]();
      await Promise.all(this.#open.map(({ endpoint }) => endpoint.close()));
    }
  }

  async #openPlace(place: Place): Promise<OpenPlace> {
    const opened = await openPlace(place);
    this.#open.push(opened);
    return opened;
  }

  /** From here on, no server starts from what is in the destination, until it is finished. */
  async #begin({ endpoint, path }: OpenPlace, standing: Standing): Promise<void> {
    const { examined, request, tablespaces } = this.#plan;
    const before = standing.kind === 'unfinished' ? standing.marker : undefined;
    const marker: Marker = {
      server: request.server,
      backup: examined.backup.id,
      systemIdentifier: examined.control.systemIdentifier,
      boot: before?.boot ?? null,
      synced: before?.synced ?? true,
      lost: false,
      owner: identify(process.pid),
      delta: before?.delta ?? standing.kind === 'other',
      tablespaces: {
        ...before?.tablespaces,
        ...Object.fromEntries(tablespaces.map(({ oid, place }) => [String(oid), toText(place.path)])),
      },
    };
    // Scripts may have run for long since it was examined.
    if (standing.kind !== 'nothing') await refuseRunning(this.#plan.place, endpoint);
    await claimDestination(endpoint, toText(path), standing, marker, this.#options);
    if (standing.kind !== 'nothing') await removeIfPresent(endpoint, CONTROL);
    const proof = { path: joinPath(path, MARKER), content: markerBytes(marker) };
    this.#marker = marker;
    try {
      this.#flusher = await this.#plan.place.site.flusher(proof);
    } catch (error) {
      await this.#noteLoss(endpoint, error);
      throw error;
    }
    if (this.#flusher === undefined) return;
    // From here on files are there that only this start of the machine is sure to have.
    const { boot } = this.#flusher;
    const isKnown = boot !== undefined && (marker.synced || marker.boot === boot);
    this.#marker = { ...marker, synced: false, boot: isKnown ? boot : null };
    await replaceMarker(endpoint, this.#marker);
  }

  /** Whether what stands may be judged by its size and time. */
  #trustsStanding(): boolean {
    const { standing } = this.#plan;
    if (standing.kind !== 'unfinished' || standing.marker.delta) return false;
    const boot = this.#flusher?.boot;
    return standing.marker.synced || (boot !== undefined && standing.marker.boot === boot);
  }

  async #copyWal(data: OpenPlace): Promise<void> {
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
    const holder = staging === undefined ? data : await this.#openPlace(await findPlace(staging, place.site));
    const directory = holder === data ? byteString(RECOVERY_WAL) : ROOT;
    if (holder === data) await makeDirectory(data.endpoint, directory);
    // A server that is promoted takes the first timeline that has no history yet.
    const known = { ...wal, histories: archive.histories };
    await copyWal({ ...common, plan: known, endpoint: holder.endpoint, directory, markArchived: false });
  }

  #copyBase(data: OpenPlace, tablespaces: ReadonlyMap<string, OpenPlace>): Promise<readonly Repaired[]> {
    const { jobs, onEvent, signal } = this.#options;
    this.#base = new BaseCopy({
      plan: this.#plan,
      layout: this.#layout,
      data,
      tablespaces,
      jobs,
      bandwidth: this.#bandwidth,
      syncEach: this.#flusher === undefined,
      trustStanding: this.#trustsStanding(),
      tally: this.#tally,
      onEvent,
      signal,
    });
    return this.#base.run();
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
    const pauses =
      signal === 'recovery.signal' && request.target.kind !== 'end' && (action ?? 'pause') === 'pause';
    return { ...written, pauses };
  }

  /** A removal lets the backup count as failed before the first file goes: while it does not, all were there. */
  async #refuseRemoved(): Promise<void> {
    const { backup } = this.#plan.examined;
    const now = await readAgain(backup);
    if (now !== undefined && isCopied(now)) return;
    throw failure('BACKUP_NOT_RESTORABLE', { id: backup.id, detail: 'it was removed while it was copied' });
  }

  async #flush(endpoint: Endpoint): Promise<void> {
    if (this.#steadyFlush !== undefined) {
      try {
        await this.#steadyFlush.finish();
      } catch (error) {
        await this.#noteLoss(endpoint, error);
        throw error;
      }
    } else if (this.#open.some(({ endpoint }) => !endpoint.capabilities.durable)) {
      const message =
        'the SFTP server there offers no fsync: what was restored may not survive a loss of power in the next minute';
      this.#options.onEvent({ type: 'warning', message });
    }
  }

  /** The kernel tells of a lost write once, and keeps its pages: from then on they look as if the disk had them. */
  async #noteLoss(endpoint: Endpoint | undefined, error: unknown): Promise<void> {
    if (endpoint === undefined || this.#marker === undefined || !isFailure(error, 'IO')) return;
    await replaceMarker(endpoint, { ...this.#marker, lost: true }).catch(() => {});
  }

  /** With pg_control a server can start: it needs the backup label, and without it finds no checkpoint to begin at. */
  async #finish(endpoint: Endpoint): Promise<void> {
    await endpoint.syncDirectory(ROOT);
    await writeFile(endpoint, CONTROL, withoutCheckpoint(this.#plan.examined.controlBytes), { mode: 0o600 });
    await endpoint.syncDirectory(byteString('global'));
    await endpoint.removeFile(MARKER);
    await endpoint.syncDirectory(ROOT);
    if (!endpoint.capabilities.durable) await this.#flusher?.flush(this.#open.map(({ path }) => path));
  }
}

async function removeIfPresent(endpoint: Endpoint, path: RelPath): Promise<void> {
  try {
    await endpoint.removeFile(path);
  } catch (error) {
    if (!isFailure(error, 'NOT_FOUND')) throw error;
  }
}
