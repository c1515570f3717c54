import { readJournals } from '../../snapshot/journal.ts';
import type { Endpoint } from '../../sync/endpoint.ts';
import type { RelPath } from '../../sync/entry.ts';
import { readManifest } from '../../sync/manifest/files.ts';
import type { RecordedEntry } from '../../sync/manifest/record.ts';
import { ManifestCursor } from '../../sync/manifest-cursor.ts';
import { nameOf, parentOf } from '../../sync/path.ts';
import type { BasisUse } from '../../sync/plan.ts';
import type { Basis } from '../../sync/transfer-setup.ts';
import { byteString } from '../../system/byte-string.ts';
import { isFailure } from '../../system/errors.ts';
import { identify } from '../../system/process-identity.ts';
import { type Backup, isCopied } from '../catalogue/backup.ts';
import { manifestOf, ownDirectory, treeOf } from './own-files.ts';

/** Microseconds: clocks differ, and time stamps come in steps. */
const SECOND = 1_000_000;
const MARGIN = 2 * SECOND;

/** Unfinished backups that are looked through for files that stand already. */
const MOST_UNFINISHED = 3;

export interface BasisWishes {
  readonly systemIdentifier: string;
  readonly major: number;
  /** Undefined: everything is copied. */
  readonly use: Exclude<BasisUse, 'compare'> | undefined;
}

/** The backups whose files can serve the next one. */
export interface ChosenBases {
  /** The newest finished backup of the same cluster. */
  readonly finished: Backup | undefined;
  /** Later ones that were not finished, the newest first: what their journals vouch for is theirs already. */
  readonly unfinished: readonly Backup[];
}

/** Time and size prove nothing between two clusters, however they are called. */
export function chooseBases(backups: readonly Backup[], wishes: BasisWishes): ChosenBases {
  const { systemIdentifier, major } = wishes;
  const ofCluster = backups.filter(
    ({ fields }) =>
      fields.systemid === systemIdentifier &&
      Math.floor((fields.version ?? 0) / 10_000) === major &&
      fields.begin_time !== null &&
      (fields.mode ?? '').startsWith('rsync') &&
      (fields.compression ?? 'none') === 'none',
  );
  const newest = ofCluster.findLast(isCopied);
  return {
    finished: wishes.use === undefined ? undefined : newest,
    unfinished: ofCluster
      .filter(({ id, fields }) => fields.status === 'FAILED' && id > (newest?.id ?? ''))
      .slice(-MOST_UNFINISHED)
      .reverse(),
  };
}

export interface OpenBases extends AsyncDisposable {
  readonly bases: readonly Basis[];
  /** Of the finished backup's manifest, where it has one. */
  readonly recall: ((path: RelPath) => Promise<readonly RecordedEntry[]>) | undefined;
  /** Microseconds between two times that the manifest can tell apart. */
  readonly mtimePrecision: number;
  /** Reads the manifest to its end, where it proves to be whole. MANIFEST_DAMAGED. */
  prove(): Promise<void>;
}

/** @param endpoint on `base/` */
export async function openBases(
  endpoint: Endpoint,
  { finished, unfinished }: ChosenBases,
  use: Exclude<BasisUse, 'compare'>,
  warn: (message: string) => void,
): Promise<OpenBases> {
  const bases: Basis[] = [];
  for (const backup of unfinished) {
    const recall = await recallJournals(endpoint, backup);
    if (recall !== undefined)
      bases.push({ use: 'link', path: treeOf(backup.id), recall, horizon: horizonOf(backup) });
  }
  const known = finished === undefined ? undefined : await recallManifest(endpoint, finished, warn);
  if (finished !== undefined)
    bases.push({ use, path: treeOf(finished.id), recall: known?.recall, horizon: horizonOf(finished) });
  return {
    bases,
    recall: known?.recall,
    mtimePrecision: known?.mtimePrecision ?? 0,
    prove: async () => known?.cursor.end(),
    [Symbol.asyncDispose]: async () => known?.cursor.close(),
  };
}

/** What was modified after this may have been modified once more since it was copied. */
function horizonOf({ fields }: Backup): number {
  const began = fields.begin_time?.epoch ?? 0;
  return Math.floor(began / SECOND) * SECOND - MARGIN;
}

/** Undefined for a backup that Barman took: its tree is listed. */
async function recallManifest(endpoint: Endpoint, backup: Backup, warn: (message: string) => void) {
  try {
    const reader = await readManifest(endpoint, manifestOf(backup.id));
    const cursor = new ManifestCursor(reader);
    let last: { readonly path: RelPath; readonly entries: readonly RecordedEntry[] } | undefined;
    return {
      cursor,
      mtimePrecision: reader.header.mtimePrecision,
      async recall(path: RelPath) {
        if (last?.path !== path) last = { path, entries: await cursor.at(path) };
        return last.entries;
      },
    };
  } catch (error) {
    if (!isFailure(error, 'NOT_FOUND', 'NOT_A_DIRECTORY', 'MANIFEST_DAMAGED', 'MANIFEST_UNSUPPORTED'))
      throw error;
    if (!isFailure(error, 'NOT_FOUND', 'NOT_A_DIRECTORY'))
      warn(`${error.message}; the backup itself is listed instead`);
    return undefined;
  }
}

/** Undefined where nothing vouches that what was written has reached the disk. */
async function recallJournals(endpoint: Endpoint, { id }: Backup) {
  const journals = await journalsIn(endpoint, id);
  const journal = await readJournals(endpoint, journals);
  const boot = identify(process.pid).boot;
  if (journal === undefined || !(journal.synced || (boot !== undefined && journal.boot === boot)))
    return undefined;
  const directories = new Map<RelPath, RecordedEntry[]>();
  for (const [path, entry] of journal.files) {
    const parent = parentOf(path);
    const entries = directories.get(parent) ?? [];
    directories.set(parent, entries);
    entries.push({ ...entry, name: nameOf(path) });
  }
  for (const entries of directories.values()) entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  return async (path: RelPath): Promise<readonly RecordedEntry[]> => directories.get(path) ?? [];
}

/** In the order of their runs. */
export async function journalsIn(endpoint: Endpoint, id: string): Promise<RelPath[]> {
  const directory = ownDirectory(id);
  const entries = await endpoint.list(directory).catch((error: unknown) => {
    if (isFailure(error, 'NOT_FOUND', 'NOT_A_DIRECTORY')) return [];
    throw error;
  });
  return entries
    .map(({ name }) => /^(\d+)\.journal$/.exec(name))
    .filter((match) => match !== null)
    .sort((a, b) => Number(a[1]) - Number(b[1]))
    .map(([name]) => byteString(`${directory}/${name}`));
}
