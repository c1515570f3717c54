import type { Endpoint } from '../../sync/endpoint.ts';
import { ROOT } from '../../sync/path.ts';
import { byteString } from '../../system/byte-string.ts';
import { isFailure } from '../../system/errors.ts';
import type { ProcessIdentity } from '../../system/process-identity.ts';
import { readFile } from '../read-file.ts';
import { writeFile } from './write-file.ts';

/**
 * `.cellarman-restore` in a destination that is not finished: one JSON object that says what is being restored there. It is
 * the first file that is made and the last one that goes. pg_control, without which no server starts, comes just before,
 * when all else is there.
 */
export interface Marker {
  readonly server: string;
  readonly backup: string;
  readonly systemIdentifier: string;
  /** The start of the destination's machine in which all of it was written; null where that is not known. */
  readonly boot: string | null;
  /** Each file is on the disk. Otherwise what is there may be gone, or cut off, after the next start of the machine. */
  readonly synced: boolean;
  /** The disk did not take all of it, and no look at the files tells which of them it has. */
  readonly lost: boolean;
  /** Other things stood there before, so that nothing may be taken for ours by its size and time. */
  readonly delta: boolean;
  /** Who is at work there, or was. */
  readonly owner: ProcessIdentity | undefined;
  /** Locations of tablespaces by oid. */
  readonly tablespaces: Readonly<Record<string, string>>;
}

export const MARKER = byteString('.cellarman-restore');

export async function readMarker(endpoint: Endpoint): Promise<Marker | undefined> {
  let text: string;
  try {
    text = (await readFile(endpoint, MARKER)).toString('utf8');
  } catch (error) {
    if (isFailure(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const { server, backup, systemIdentifier, boot, synced, lost, delta, owner, tablespaces } =
      value as Record<string, unknown>;
    if (typeof server !== 'string' || typeof backup !== 'string' || typeof systemIdentifier !== 'string')
      return undefined;
    return {
      server,
      backup,
      systemIdentifier,
      boot: typeof boot === 'string' ? boot : null,
      synced: synced === true,
      lost: lost === true,
      delta: delta !== false,
      owner: parseOwner(owner),
      tablespaces: Object.fromEntries(
        Object.entries(typeof tablespaces === 'object' ? (tablespaces ?? {}) : {}).map(([oid, location]) => [
          oid,
          String(location),
        ]),
      ),
    };
  } catch {
    return undefined;
  }
}

function parseOwner(value: unknown): ProcessIdentity | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { pid, host, boot, space, start } = value as Record<string, unknown>;
  if (typeof pid !== 'number' || typeof host !== 'string') return undefined;
  const text = (field: unknown): string | undefined => (typeof field === 'string' ? field : undefined);
  return { pid, host, boot: text(boot), space: text(space), start: text(start) };
}

/** The first marker of a destination. @throws EXISTS where another run was faster */
export async function createMarker(endpoint: Endpoint, marker: Marker): Promise<void> {
  const file = await endpoint.create(MARKER);
  try {
    await file.write(markerBytes(marker));
    await file.sync();
  } finally {
    await file.close();
  }
  await endpoint.syncDirectory(ROOT);
}

export const markerBytes = (marker: Marker): Buffer => Buffer.from(`${JSON.stringify(marker)}\n`);

/** Takes the place of one that is there. */
export async function replaceMarker(endpoint: Endpoint, marker: Marker): Promise<void> {
  await writeFile(endpoint, MARKER, markerBytes(marker), { mode: 0o600 });
  await endpoint.syncDirectory(ROOT);
}
