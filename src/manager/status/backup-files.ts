import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseWalFileName } from '../../postgres/wal-file-name.ts';
import { fromErrno } from '../../system/errno.ts';
import type { Backup } from '../catalogue/backup.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { DamagedLine } from '../catalogue/wal-index.ts';
import { archivedPath } from '../wal/archive/archived-path.ts';

/**
 * `data`: the backup's directory, with what is noted beside the copy. `wal`: what was archived from its beginning to the
 * end of the next backup, and all history files. `full`: both. `standalone`: the directory, and the WAL that makes it
 * whole.
 */
export const FILE_TARGETS = ['standalone', 'data', 'wal', 'full'] as const;
export type FileTarget = (typeof FILE_TARGETS)[number];

/** Absolute paths, as bytes; those of the directory sorted. @throws the codes of single paths */
export async function* listBackupFiles(
  catalogue: Catalogue,
  backup: Backup,
  next: Backup | undefined,
  { target, emptyDirectories }: { readonly target: FileTarget; readonly emptyDirectories: boolean },
  onDamaged: (line: DamagedLine) => void,
): AsyncGenerator<Buffer, void, void> {
  if (target !== 'wal') yield* filesBelow(Buffer.from(catalogue.layout.backup(backup.id)), emptyDirectories);
  if (target !== 'data') {
    const whole = target !== 'standalone';
    const until = whole ? next?.fields.end_wal : backup.fields.end_wal;
    yield* walOf(catalogue, backup, until ?? undefined, whole, onDamaged);
  }
}

const SLASH = Buffer.from('/');

async function* filesBelow(directory: Buffer, emptyDirectories: boolean): AsyncGenerator<Buffer, void, void> {
  const entries = await readdir(directory, { withFileTypes: true, encoding: 'buffer' }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw fromErrno(error, directory.toString());
    },
  );
  if (entries.length === 0 && emptyDirectories) yield directory;
  entries.sort((a, b) => Buffer.compare(a.name, b.name));
  for (const entry of entries) {
    const path = Buffer.concat([directory, SLASH, entry.name]);
    if (entry.isDirectory()) yield* filesBelow(path, emptyDirectories);
    else yield path;
  }
}

async function* walOf(
  catalogue: Catalogue,
  { fields: { begin_wal: begin } }: Backup,
  until: string | undefined,
  histories: boolean,
  onDamaged: (line: DamagedLine) => void,
): AsyncGenerator<Buffer, void, void> {
  if (begin === null) return;
  const index = await catalogue.walIndex();
  for await (const { name } of index.entries(onDamaged)) {
    const kind = parseWalFileName(name)?.kind;
    const isWanted =
      kind === 'segment'
        ? name >= begin && (until === undefined || name <= until)
        : kind === 'history' && histories;
    if (isWanted) yield Buffer.from(join(catalogue.layout.wals, archivedPath(name)));
  }
}
