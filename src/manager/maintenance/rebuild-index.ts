import { join } from 'node:path';
import { parseWalFileName } from '../../postgres/wal-file-name.ts';
import { fromErrno } from '../../system/errno.ts';
import { isFailure } from '../../system/errors.ts';
import { namesIn } from '../catalogue/read-file.ts';
import type { WalEntry } from '../catalogue/wal-entry.ts';
import type { WalIndex } from '../catalogue/wal-index.ts';
import { archivedPath } from '../wal/archive/archived-path.ts';
import { entryOf } from '../wal/archive/staging.ts';
import type { Compression } from '../wal/compression/compression.ts';

export interface RebuiltIndex {
  readonly histories: number;
  readonly labels: number;
  /** Segments, partial ones among them. */
  readonly segments: number;
  /** Paths below `wals/` that are no part of an archive; they were left where they are. */
  readonly unknown: readonly string[];
}

/** Writes `xlog.db` anew from what is in the archive, sorted by name. @throws the codes of single paths */
export async function rebuildIndex(
  index: WalIndex,
  wals: string,
  compression: Pick<Compression, 'formatOf'>,
): Promise<RebuiltIndex> {
  const kinds = { history: 0, backup: 0, segment: 0, partial: 0 };
  const unknown: string[] = [];
  await index.rebuild(async (old) => {
    const entries: WalEntry[] = [];
    for (const path of await pathsIn(wals)) {
      const name = path.split('/').at(-1) ?? '';
      const file = parseWalFileName(name);
      if (file === undefined || archivedPath(name) !== path) {
        if (!name.endsWith('xlog.db')) unknown.push(path);
        continue;
      }
      const before = old.get(name);
      const entry = await lineOf(name, join(wals, path), compression);
      // What is inside an encrypted file only its old line knows.
      entries.push(before?.encryption ? { ...entry, ...encryptionOf(before) } : entry);
      kinds[file.kind] += 1;
    }
    return entries;
  });
  return {
    histories: kinds.history,
    labels: kinds.backup,
    segments: kinds.segment + kinds.partial,
    unknown,
  };
}

const encryptionOf = ({ compression, encryption }: WalEntry): Partial<WalEntry> => ({
  compression,
  encryption,
});

async function lineOf(
  name: string,
  path: string,
  compression: Pick<Compression, 'formatOf'>,
): Promise<WalEntry> {
  try {
    return await entryOf(name, path, await compression.formatOf(path));
  } catch (error) {
    if (isFailure(error, 'WAL_ENCRYPTED')) return { ...(await entryOf(name, path, null)), encryption: 'gpg' };
    throw fromErrno(error, path);
  }
}

/** Files on top and in the directories of 16 digits. */
async function pathsIn(wals: string): Promise<string[]> {
  const paths: string[] = [];
  for (const name of await namesIn(wals)) {
    if (/^[0-9A-F]{16}$/.test(name)) {
      for (const file of await namesIn(join(wals, name))) paths.push(`${name}/${file}`);
    } else paths.push(name);
  }
  return paths.sort();
}
