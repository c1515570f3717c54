import type { RelPath } from '../sync/entry.ts';
import { joinPath } from '../sync/path.ts';
import { type ByteString, byteString } from '../system/byte-string.ts';

/**
 * What lies where in a repository:
 *
 *     20261122T145600/                      a snapshot: a plain tree, not to be written to
 *     .unfinished-20261123T020000/          one that is being made, or was when its maker died
 *     .removed-20261101T020000/             one that is being removed
 *     .cellarman/lock                       locked by the run at work, where that is on the repository's machine
 *     .cellarman/claim-…, holder-…          who is at work, for runs that come by SFTP
 *     .cellarman/20261122T145600.manifest.gz
 *     .cellarman/20261123T020000.1.journal  what of an unfinished snapshot stands; one for each run that worked on it
 *
 * A snapshot is complete when its tree stands under its own name and its manifest is there. The manifest comes first and
 * the tree's name last, so that one rename decides.
 */
export type SnapshotId = string;

export const OURS: RelPath = byteString('.cellarman');
export const LOCK: RelPath = joinPath(OURS, byteString('lock'));

const ID = /^\d{8}T\d{6}$/;
const UNFINISHED = '.unfinished-';
const REMOVED = '.removed-';
const MANIFEST = '.manifest.gz';

/** The id of a snapshot begun at this moment: local time, as `YYYYMMDDTHHMMSS`. */
export function snapshotId(moment: Date): SnapshotId {
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = `${moment.getFullYear()}${two(moment.getMonth() + 1)}${two(moment.getDate())}`;
  return `${day}T${two(moment.getHours())}${two(moment.getMinutes())}${two(moment.getSeconds())}`;
}

/** The moment an id stands for; undefined where the text is none. */
export function momentOf(id: SnapshotId): Date | undefined {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)$/.exec(id) ?? [];
  if (second === undefined) return undefined;
  return new Date(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
}

export function treePath(id: SnapshotId): RelPath {
  return byteString(id);
}

export function unfinishedPath(id: SnapshotId): RelPath {
  return byteString(`${UNFINISHED}${id}`);
}

export function removedPath(id: SnapshotId): RelPath {
  return byteString(`${REMOVED}${id}`);
}

export function manifestPath(id: SnapshotId): RelPath {
  return joinPath(OURS, byteString(`${id}${MANIFEST}`));
}

export function journalPath(id: SnapshotId, run: number): RelPath {
  return joinPath(OURS, byteString(`${id}.${run}.journal`));
}

/** What an entry of the repository's top directory is. */
export function readTopName(
  name: ByteString,
): { readonly kind: 'snapshot' | 'unfinished' | 'removed'; readonly id: SnapshotId } | undefined {
  if (ID.test(name)) return { kind: 'snapshot', id: name };
  if (name.startsWith(UNFINISHED) && ID.test(name.slice(UNFINISHED.length))) {
    return { kind: 'unfinished', id: name.slice(UNFINISHED.length) };
  }
  if (name.startsWith(REMOVED) && ID.test(name.slice(REMOVED.length))) {
    return { kind: 'removed', id: name.slice(REMOVED.length) };
  }
  return undefined;
}

/** What an entry of `.cellarman` belongs to; `remains` are of a manifest whose writer died. */
export function readOurName(
  name: ByteString,
):
  | { readonly kind: 'manifest' | 'journal' | 'remains'; readonly id: SnapshotId; readonly run: number }
  | undefined {
  const [, dead] = /^\.(\d{8}T\d{6})\.manifest\.gz\.\w{6}$/.exec(name) ?? [];
  if (dead !== undefined) return { kind: 'remains', id: dead, run: 0 };
  const [, id, run] = /^(\d{8}T\d{6})\.(?:manifest\.gz|(\d+)\.journal)$/.exec(name) ?? [];
  if (id === undefined) return undefined;
  return run === undefined ? { kind: 'manifest', id, run: 0 } : { kind: 'journal', id, run: Number(run) };
}
