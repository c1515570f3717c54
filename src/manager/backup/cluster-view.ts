import { type ExclusionRules, exclusionOf, exclusionsIn, walDirectories } from '../../postgres/exclusions.ts';
import { parseRelationFileName, tablespaceDirectory } from '../../postgres/relation-path.ts';
import type { Show } from '../../sync/endpoints/arranged.ts';
import type { Entry, RelPath } from '../../sync/entry.ts';
import { joinPath, nameOf, parentOf, ROOT } from '../../sync/path.ts';
import { type ByteString, byteString, toText } from '../../system/byte-string.ts';
import { failure } from '../../system/errors.ts';
import { DATA } from './own-files.ts';

export interface ClusterViewOptions {
  readonly major: number;
  readonly catalogVersion: number;
  readonly exclusions: ExclusionRules;
  /** Tablespaces whose location is in the data directory, as paths in it: they are copied as tablespaces. */
  readonly inside: ReadonlySet<string>;
  /** What a link leads to. */
  readonly follow: (path: RelPath) => Promise<Entry | undefined>;
  /** A link to a file, which is no part of the view: whoever follows it copies it by itself. */
  readonly onLink: (path: RelPath, target: Entry) => void;
  readonly onDangling: (path: RelPath) => void;
}

/** How often a directory that cannot be complete is listed again: over SFTP a listing takes several round trips. */
const RELISTINGS = 2;
const NOTHING: ReadonlySet<string> = new Set();
/** What tells a server that it recovers, as a standby has it: whoever restores the backup decides that. */
const SIGNALS = /^(?:recovery|standby)\.signal$/;

/**
 * Shows of a running cluster what belongs into a base backup, by PostgreSQL's own rules; its directories as they lie in
 * the backup: `data/`, and `<oid>/` for each tablespace. `pg_control` is left out, since it has to be read last.
 */
export function clusterView(options: ClusterViewOptions): Show {
  const { major, catalogVersion, exclusions, inside } = options;
  const ofTablespace = tablespaceDirectory(major, catalogVersion);
  const inWal = walDirectories(major).map((path) => nameOf(byteString(path)));

  return async (directory, list) => {
    if (directory === ROOT) return list();
    const here = placeInCluster(directory);
    if (here === 'pg_wal') return inWal.map((name) => emptyDirectory(byteString(name), undefined));
    if (here.startsWith('pg_wal/') || isEmptied(here, exclusions)) return [];
    if (/^pg_tblspc\/\d+$/.test(here) && directory !== joinPath(DATA, here)) {
      return (await list()).filter(({ name }) => name === ofTablespace);
    }
    const entries = await listWhole(list);
    const names = new Set<string>(entries.map(({ name }) => name));
    const exclusionOfName = exclusionsIn(here, names, exclusions);
    const shown: Entry[] = [];
    for (const entry of entries) {
      if (here === 'global' && entry.name === 'pg_control') continue;
      if (here === '' && SIGNALS.test(entry.name)) continue;
      if (inside.size > 0 && inside.has(joinPath(here, entry.name))) continue;
      const exclusion = exclusionOfName(entry.name);
      const isEmpty = exclusion === 'contents' || exclusion === 'wal';
      if (isEmpty && (entry.type === 'directory' || entry.type === 'symlink')) {
        shown.push(entry.type === 'directory' ? entry : emptyDirectory(entry.name, entry));
      } else if (exclusion !== undefined && !isEmpty) {
        // Left out.
      } else if (entry.type !== 'symlink') shown.push(entry);
      else if (here !== 'pg_tblspc') await meetLink(joinPath(directory, entry.name), options);
    }
    return shown;
  };
}

/** A directory of the backup as a path in the data directory, tablespaces as they are seen through `pg_tblspc`. */
export function placeInCluster(path: RelPath): ByteString {
  if (path === DATA) return ROOT;
  return byteString(path.startsWith(`${DATA}/`) ? path.slice(DATA.length + 1) : `pg_tblspc/${path}`);
}

function isEmptied(here: ByteString, exclusions: ExclusionRules): boolean {
  return here !== '' && exclusionOf(parentOf(here), nameOf(here), NOTHING, exclusions) === 'contents';
}

function emptyDirectory(name: ByteString, entry: Entry | undefined): Entry {
  const mtime = entry?.mtime ?? Date.now() * 1000;
  const owner = { uid: entry?.uid ?? 0, gid: entry?.gid ?? 0 };
  return {
    name,
    type: 'directory',
    mode: 0o700,
    size: 0,
    mtime,
    ...owner,
    target: undefined,
    identity: undefined,
  };
}

/** A relation of 1 GB files with a hole in it was listed while something moved. */
async function listWhole(list: () => Promise<Entry[]>): Promise<Entry[]> {
  let entries = await list();
  for (let again = 0; again < RELISTINGS && hasHole(entries); again++) entries = await list();
  return entries;
}

export function hasHole(entries: readonly Entry[]): boolean {
  // Hardly any relation is so large.
  const further = entries.filter(({ name }) => name.includes('.'));
  if (further.length === 0) return false;
  const names = new Set<string>(entries.map(({ name }) => name));
  return further.some(({ name }) => {
    const file = parseRelationFileName(name);
    if (file === undefined) return false;
    const first = name.slice(0, name.lastIndexOf('.'));
    return !names.has(file.segment === 1 ? first : `${first}.${file.segment - 1}`);
  });
}

async function meetLink(path: RelPath, { follow, onLink, onDangling }: ClusterViewOptions): Promise<void> {
  const target = await follow(path);
  if (target === undefined) onDangling(path);
  else if (target.type === 'file') onLink(path, target);
  else throw failure('LINK_NOT_FOLLOWED', { path: toText(placeInCluster(path)) });
}
