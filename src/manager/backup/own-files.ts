import type { RelPath } from '../../sync/entry.ts';
import { joinPath } from '../../sync/path.ts';
import { byteString } from '../../system/byte-string.ts';

/**
 * What this program keeps of a backup beside Barman's files, which knows nothing of it and deletes it with the backup:
 *
 *     base/<ID>/.cellarman/manifest.gz      what was copied into data/ and the tablespaces, in the format of a
 *                                           snapshot's manifest; paths start with data/ or the tablespace's oid. What
 *                                           is made last is not in it: pg_control, backup_label, configuration files
 *                                           from outside the data directory, files that links led to
 *     base/<ID>/.cellarman/made-last.json   which files these are
 *     base/<ID>/.cellarman/tablespace_map   as PostgreSQL gave it, where it is not empty
 *     base/<ID>/.cellarman/1.journal        while the backup is made or when it failed: which files stand
 *
 * Paths are those of an endpoint on `base/`.
 */
const OWN = byteString('.cellarman');

export const DATA: RelPath = byteString('data');

export const treeOf = (id: string): RelPath => byteString(id);
export const ownDirectory = (id: string): RelPath => joinPath(treeOf(id), OWN);
export const manifestOf = (id: string): RelPath => joinPath(ownDirectory(id), byteString('manifest.gz'));
export const madeLastOf = (id: string): RelPath => joinPath(ownDirectory(id), byteString('made-last.json'));
export const tablespaceMapOf = (id: string): RelPath =>
  joinPath(ownDirectory(id), byteString('tablespace_map'));
export const journalOf = (id: string, run: number): RelPath =>
  joinPath(ownDirectory(id), byteString(`${run}.journal`));

/** Whether an entry of a backup's directory is no part of the copy: ours, or where an older Barman writes. */
export function isBesideTheCopy(path: RelPath): boolean {
  return /^(?:\.cellarman|annotations|backup\.info)(?:[/.]|$)/.test(path);
}
