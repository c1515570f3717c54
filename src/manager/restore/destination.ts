import { parseControlFile } from '../../postgres/control-file.ts';
import { parseWalFileName } from '../../postgres/wal-file-name.ts';
import type { Endpoint } from '../../sync/endpoint.ts';
import type { Site } from '../../sync/endpoints/site.ts';
import type { EndpointSpec } from '../../sync/endpoints/spec.ts';
import type { Entry } from '../../sync/entry.ts';
import { ROOT } from '../../sync/path.ts';
import { resolveDestination } from '../../sync/resolve.ts';
import { type ByteString, byteString, fromText, toText } from '../../system/byte-string.ts';
import { failure, isFailure } from '../../system/errors.ts';
import { identify, isDead } from '../../system/process-identity.ts';
import { readFile } from '../read-file.ts';
import { MARKER, type Marker, readMarker } from './marker.ts';

/** A directory that shall hold a data directory or a tablespace, on the host that is restored to. */
export interface Place {
  readonly site: Site;
  /** Absolute. */
  readonly path: ByteString;
  readonly exists: boolean;
}

export interface OpenPlace {
  readonly endpoint: Endpoint;
  readonly spec: EndpointSpec | undefined;
  readonly path: ByteString;
}

/** What is there already. */
export type Standing =
  | { readonly kind: 'nothing' }
  /** An earlier run of the same restore was stopped. */
  | { readonly kind: 'unfinished'; readonly marker: Marker }
  /** Something else, which `--delta-restore` makes equal to the backup. */
  | { readonly kind: 'other' };

export async function findPlace(text: string, site: Site): Promise<Place> {
  const { path, exists } = await resolveDestination(text, fromText(text), site, {
    singleFile: false,
    makePath: true,
    dryRun: true,
  });
  return { site, path, exists };
}

/** Makes the directory, and all above it, where it is missing. */
export async function openPlace({ site, path, exists }: Place): Promise<OpenPlace> {
  if (!exists) {
    await resolveDestination(toText(path), path, site, { singleFile: false, makePath: true, dryRun: false });
  }
  return { endpoint: await site.open(path), spec: site.spec(path), path };
}

export interface RestoreIdentity {
  readonly server: string;
  readonly backup: string;
  readonly systemIdentifier: string;
}

/** Refuses a destination that holds anything but an unfinished run of the same restore, unless `delta`. DESTINATION_IN_USE. */
export async function examineDestination(
  place: Place,
  restore: RestoreIdentity,
  delta: boolean,
): Promise<Standing> {
  if (!place.exists) return { kind: 'nothing' };
  const endpoint = await place.site.open(place.path);
  try {
    const names = new Set<string>((await endpoint.list(ROOT)).map(({ name }) => name));
    if (names.size === 0) return { kind: 'nothing' };
    await refuseRunning(place, endpoint);
    const marker = names.has(MARKER) ? await readMarker(endpoint) : undefined;
    const path = toText(place.path);
    refuseOthersWork(path, marker);
    if (marker?.lost === true) {
      const detail = 'holds files that its disk did not take: look after the disk, and empty the directory';
      throw failure('DESTINATION_IN_USE', { path, detail });
    }
    // A run was cut off there as it began, or is just beginning: who claims the destination looks.
    if (marker === undefined && names.size === 1 && names.has(MARKER)) return { kind: 'nothing' };
    if (marker !== undefined && isSame(marker, restore)) return { kind: 'unfinished', marker };
    if (!delta) {
      throw failure('DESTINATION_IN_USE', {
        path,
        detail:
          marker === undefined
            ? 'is not empty: choose another one, or --delta-restore to make what is there equal to the backup'
            : `holds the unfinished restore of backup ${marker.backup} of server ${marker.server}: empty it, or take that backup again to go on with it`,
      });
    }
    if (marker === undefined && !names.has('PG_VERSION')) {
      throw failure('DESTINATION_IN_USE', {
        path,
        detail: 'holds other things than a data directory, which --delta-restore would remove',
      });
    }
    await refuseUnlike(path, endpoint, restore.systemIdentifier);
    return { kind: 'other' };
  } finally {
    await endpoint.close();
  }
}

/** A second run beside one that goes on would undo its work. DESTINATION_IN_USE. */
export function refuseOthersWork(path: string, marker: Marker | undefined): void {
  const owner = marker?.owner;
  if (owner === undefined || owner.pid === process.pid) return;
  // What goes on at another host nobody here can tell.
  if (owner.host !== identify(process.pid).host || isDead(owner)) return;
  throw failure('DESTINATION_IN_USE', { path, detail: `is being restored to by process ${owner.pid}` });
}

/**
 * A tablespace's directory: empty, or of the restore that is gone on with, or of the data directory that is replaced;
 * never one that may be another cluster's. DESTINATION_IN_USE.
 */
export async function examineTablespace(
  place: Place,
  oid: number,
  data: Place,
  standing: Standing,
): Promise<void> {
  if (!place.exists) return;
  if (standing.kind === 'unfinished' && standing.marker.tablespaces[String(oid)] === toText(place.path))
    return;
  if (standing.kind !== 'nothing' && (await leadsTo(data, oid, place.path))) return;
  const endpoint = await place.site.open(place.path);
  try {
    if ((await endpoint.list(ROOT)).length === 0) return;
  } finally {
    await endpoint.close();
  }
  throw failure('DESTINATION_IN_USE', {
    path: toText(place.path),
    detail: 'of a tablespace is not empty: choose another one with --tablespace NAME:LOCATION',
  });
}

async function leadsTo(data: Place, oid: number, path: ByteString): Promise<boolean> {
  const endpoint = await data.site.open(data.path);
  try {
    const link = await endpoint.lookup(byteString(`pg_tblspc/${oid}`));
    return link?.target !== undefined && (await data.site.real(link.target)) === path;
  } finally {
    await endpoint.close();
  }
}

/** Where WAL shall lie for recovery, which empties it at its end: nothing else may be there. DESTINATION_IN_USE. */
export async function examineStaging(place: Place, standing: Standing): Promise<void> {
  if (!place.exists) return;
  const endpoint = await place.site.open(place.path);
  try {
    // Of a run that was stopped there may be WAL; any other is somebody's archive, or of another restore.
    const isOwn = ({ name }: Entry): boolean => standing.kind === 'unfinished' && isOfWal(name);
    const other = (await endpoint.list(ROOT)).find((entry) => !isOwn(entry));
    if (other === undefined) return;
    throw failure('DESTINATION_IN_USE', {
      path: toText(place.path),
      detail: `is not empty (${toText(other.name)}), and the server removes it when it has recovered: choose an empty one`,
    });
  } finally {
    await endpoint.close();
  }
}

/** Also under its temporary name. */
const isOfWal = (name: ByteString): boolean =>
  parseWalFileName(name.replace(/^\.(.*)\.\w{6}$/, '$1')) !== undefined;

/** What a delta restore would destroy, or could not make equal. */
async function refuseUnlike(path: string, endpoint: Endpoint, systemIdentifier: string): Promise<void> {
  const there = await systemOf(endpoint);
  if (there !== undefined && there !== systemIdentifier) {
    const detail = `belongs to another cluster (${there}) than the backup (${systemIdentifier})`;
    throw failure('DESTINATION_IN_USE', { path, detail });
  }
  if ((await endpoint.lookup(byteString('pg_wal')))?.type === 'symlink') {
    const detail =
      'has a symbolic link for pg_wal, and links are not followed: put an empty directory in its place';
    throw failure('DESTINATION_IN_USE', { path, detail });
  }
}

/** Undefined where nothing tells: a damaged data directory may be replaced. */
async function systemOf(endpoint: Endpoint): Promise<string | undefined> {
  try {
    return parseControlFile(await readFile(endpoint, byteString('global/pg_control'))).systemIdentifier;
  } catch (error) {
    if (isFailure(error, 'NOT_FOUND', 'CONTROL_FILE', 'CONTROL_FILE_CRC')) return undefined;
    throw error;
  }
}

const isSame = (a: RestoreIdentity, b: RestoreIdentity): boolean =>
  a.server === b.server && a.backup === b.backup && a.systemIdentifier === b.systemIdentifier;

const PID_FILE = byteString('postmaster.pid');

/** DESTINATION_IN_USE where a server runs in a directory, or may. */
export async function refuseRunning({ site, path }: Place, endpoint: Endpoint): Promise<void> {
  if ((await endpoint.lookup(PID_FILE)) === undefined) return;
  const pid = Number.parseInt((await readFile(endpoint, PID_FILE)).toString('latin1'), 10);
  // Processes of another host cannot be seen over SFTP.
  const dead = site.name === '' && Number.isInteger(pid) && pid > 0 && !isAlive(pid);
  if (dead) return;
  throw failure('DESTINATION_IN_USE', {
    path: toText(path),
    detail:
      site.name === ''
        ? `has a running server (process ${pid}): stop it first`
        : `has a postmaster.pid: stop its server first; if there is none, remove that file`,
  });
}

function isAlive(pid: number): boolean {
  if (identify(pid).start !== undefined) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
