import type { Endpoint } from '../../sync/endpoint.ts';
import type { Site } from '../../sync/endpoints/site.ts';
import type { EndpointSpec } from '../../sync/endpoints/spec.ts';
import { ROOT } from '../../sync/path.ts';
import { resolveDestination } from '../../sync/resolve.ts';
import { type ByteString, byteString, fromText, toText } from '../../system/byte-string.ts';
import { failure } from '../../system/errors.ts';
import { identify } from '../../system/process-identity.ts';
import { MARKER, type Marker, readMarker } from './marker.ts';
import { readFile } from './small-file.ts';

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
    await refuseRunning(place, endpoint, names);
    const marker = names.has(MARKER) ? await readMarker(endpoint) : undefined;
    if (marker !== undefined && isSame(marker, restore)) return { kind: 'unfinished', marker };
    const path = toText(place.path);
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
    return { kind: 'other' };
  } finally {
    await endpoint.close();
  }
}

/** A tablespace's directory: empty, or of the restore that is gone on with. DESTINATION_IN_USE. */
export async function examineTablespace(
  place: Place,
  oid: number,
  standing: Standing,
  delta: boolean,
): Promise<void> {
  if (!place.exists || delta) return;
  if (standing.kind === 'unfinished' && standing.marker.tablespaces[String(oid)] === toText(place.path))
    return;
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

const isSame = (a: RestoreIdentity, b: RestoreIdentity): boolean =>
  a.server === b.server && a.backup === b.backup && a.systemIdentifier === b.systemIdentifier;

const PID_FILE = byteString('postmaster.pid');

async function refuseRunning(
  { site, path }: Place,
  endpoint: Endpoint,
  names: ReadonlySet<string>,
): Promise<void> {
  if (!names.has(PID_FILE)) return;
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
