import { access } from 'node:fs/promises';
import { localEndpoint } from '../../sync/endpoints/local.ts';
import type { Site } from '../../sync/endpoints/site.ts';
import { readManifest } from '../../sync/manifest/files.ts';
import { fromText, toText } from '../../system/byte-string.ts';
import { failure, isFailure } from '../../system/errors.ts';
import { manifestOf } from '../backup/own-files.ts';
import type { Backup } from '../catalogue/backup.ts';
import type { Layout } from '../catalogue/layout.ts';
import type { Compression } from '../wal/compression/compression.ts';
import { checkSegments } from './check-segments.ts';
import { chooseBackup } from './choose-backup.ts';
import {
  examineDestination,
  examineStaging,
  examineTablespace,
  findPlace,
  type Place,
  type Standing,
} from './destination.ts';
import { type ExaminedBackup, examineBackup } from './examine-backup.ts';
import { planWal, type WalPlan } from './plan.ts';
import { segmentReader } from './read-wal.ts';
import { refuseOverlaps } from './refuse-overlaps.ts';
import { type PlacedTablespace, placeTablespaces } from './tablespaces.ts';
import type { RecoveryTarget, TimelineWish } from './target.ts';
import { readWalArchive, type WalArchive } from './wal-archive.ts';

export interface RestoreRequest {
  readonly server: string;
  /** ID, word or name; `auto` chooses by the target. */
  readonly designation: string;
  readonly destination: string;
  readonly target: RecoveryTarget;
  readonly exclusive: boolean;
  readonly timeline: TimelineWish | undefined;
  /** Locations by name of tablespace. */
  readonly relocations: ReadonlyMap<string, string>;
  readonly delta: boolean;
  /** WAL is not copied but fetched during recovery. */
  readonly getWal: boolean;
  readonly standby: boolean;
  readonly stagingWalDirectory: string | undefined;
}

/** Everything that is known before a byte is copied. */
export interface RestorePlan {
  readonly request: RestoreRequest;
  readonly examined: ExaminedBackup;
  /** All backups of the server. */
  readonly backups: readonly Backup[];
  readonly wal: WalPlan;
  readonly archive: WalArchive;
  /** Bytes of the WAL that is copied, as the destination will have it. */
  readonly walBytes: number;
  /** Bytes of the backup's files; undefined where its backup.info does not say. */
  readonly baseBytes: number | undefined;
  /** Free bytes at the destination; undefined where it cannot tell. */
  readonly free: number | undefined;
  readonly place: Place;
  readonly standing: Standing;
  readonly tablespaces: readonly (PlacedTablespace & { readonly place: Place })[];
  readonly hasManifest: boolean;
}

/**
 * Finds out whether a restore can succeed, and what it needs. BACKUP_UNKNOWN, BACKUP_NOT_RESTORABLE, RESTORE_TARGET,
 * WAL_MISSING, WAL_DAMAGED, MANIFEST_DAMAGED, DESTINATION_IN_USE, NO_SPACE, and what reading and reaching the host give.
 */
export async function planRestore(
  request: RestoreRequest,
  backups: readonly Backup[],
  layout: Layout,
  compression: Compression,
  site: Site,
): Promise<RestorePlan> {
  const { target, exclusive, timeline } = request;
  const backup = chooseBackup(request, backups);
  const examined = await examineBackup(layout, backup);
  const { segmentSize, span, control } = examined;
  const hasManifest = await provenManifest(layout, backup);

  const archive = await readWalArchive(layout, compression, examined.beginSegment, segmentSize);
  const histories = new Map<number, string>();
  for (const one of archive.histories) histories.set(one, (await archive.history(one)) ?? '');
  const question = { backup: span, target, exclusive, timeline, archive, histories };
  const wal = await planWal(question, segmentReader(compression, segmentSize));
  await checkSegments(wal.segments, compression, control.systemIdentifier, segmentSize);

  const tablespaces = await findTablespaces(request, examined, layout, site);
  const place = await findPlace(request.destination, site);
  const identity = { server: request.server, backup: backup.id, systemIdentifier: control.systemIdentifier };
  const { stagingWalDirectory } = request;
  const staging = stagingWalDirectory === undefined ? undefined : await findPlace(stagingWalDirectory, site);
  await refuseOverlaps({ data: place, tablespaces, staging }, layout);
  const standing = await examineDestination(place, identity, request.delta);
  for (const { place: location, oid } of tablespaces) await examineTablespace(location, oid, place, standing);
  if (staging !== undefined) await examineStaging(staging, standing);

  const walBytes = request.getWal ? 0 : wal.segments.length * segmentSize;
  const baseBytes = backup.fields.size ?? undefined;
  const free = await freeSpace(place);
  const plan = {
    request,
    examined,
    backups,
    wal,
    archive,
    walBytes,
    baseBytes,
    free,
    place,
    standing,
    tablespaces,
    hasManifest,
  };
  refuseNoSpace(plan);
  return plan;
}

/** Read to its end: what is compared with it must be able to rely on every line. */
async function provenManifest(layout: Layout, { id }: Backup): Promise<boolean> {
  const base = localEndpoint(fromText(layout.base));
  try {
    for await (const _ of await readManifest(base, manifestOf(id)));
    return true;
  } catch (error) {
    if (isFailure(error, 'NOT_FOUND', 'NOT_A_DIRECTORY')) return false;
    if (!isFailure(error, 'MANIFEST_DAMAGED')) throw error;
    const detail = `${error.message}; without that file the backup would be restored with nothing to compare it with`;
    throw failure('BACKUP_NOT_RESTORABLE', { id, detail }, error);
  }
}

async function findTablespaces(
  { relocations }: RestoreRequest,
  { backup }: ExaminedBackup,
  layout: Layout,
  site: Site,
): Promise<RestorePlan['tablespaces']> {
  const found: (PlacedTablespace & { readonly place: Place })[] = [];
  for (const tablespace of placeTablespaces(backup, relocations)) {
    const { name, oid, location } = tablespace;
    try {
      await access(layout.tablespace(backup.id, oid));
    } catch {
      const detail = `the files of its tablespace ${name} are missing`;
      throw failure('BACKUP_NOT_RESTORABLE', { id: backup.id, detail });
    }
    found.push({ ...tablespace, place: await findPlace(location, site) });
  }
  return found;
}

async function freeSpace({ site, path, exists }: Place): Promise<number | undefined> {
  let directory = path;
  for (let real = exists ? path : undefined; real === undefined; real = await site.real(directory)) {
    directory = fromText(toText(directory).replace(/\/[^/]*$/, '') || '/');
  }
  const endpoint = await site.open(directory);
  try {
    return (await endpoint.space().catch(() => undefined))?.available;
  } finally {
    await endpoint.close();
  }
}

/** Only where the answer is certain: all goes to one file system, and nothing is there yet. */
function refuseNoSpace({ free, baseBytes, walBytes, tablespaces, standing, place }: RestorePlan): void {
  if (free === undefined || baseBytes === undefined || tablespaces.length > 0 || standing.kind !== 'nothing')
    return;
  if (baseBytes + walBytes <= free) return;
  const detail = `has ${free} bytes free, and ${baseBytes + walBytes} are needed`;
  throw failure('DESTINATION_IN_USE', { path: toText(place.path), detail });
}
