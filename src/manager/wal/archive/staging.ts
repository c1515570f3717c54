import { chmod, mkdir, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fromErrno } from '../../../system/errno.ts';
import type { CellarmanError } from '../../../system/errors.ts';
import { pythonTime, type WalEntry } from '../../catalogue/wal-entry.ts';
import type { Compression } from '../compression/compression.ts';
import type { WalFormat } from '../compression/format.ts';
import { archivedPath } from './archived-path.ts';

/** A file that only needs its name to be in the archive. */
export interface Staged {
  readonly name: string;
  /** In `incoming/` or `streaming/`; where it is not `ready` itself, to be removed when all is done. */
  readonly source: string;
  /**
   * What gets the name: what was compressed beside it, or else the source itself. It is not linked to: `cp` once more
   * under the old name would write into the archived file.
   */
  readonly ready: string;
  readonly target: string;
  /** Its line in the index. */
  readonly entry: WalEntry;
}

export interface Arrived {
  readonly name: string;
  readonly source: string;
  readonly format: WalFormat | null;
}

/** Compresses what is not compressed yet. Nothing is durable yet. @throws COMPRESSION, the codes of single paths */
export async function stage(
  { name, source, format }: Arrived,
  wals: string,
  compression: Compression,
): Promise<Staged> {
  const target = join(wals, archivedPath(name));
  await mkdir(dirname(target), { recursive: true });
  const ready = `${target}.tmp`;
  // A run that was killed may have left one.
  await rm(ready, { force: true });
  if (format !== null || compression.format === null)
    return { name, source, ready: source, target, entry: await entryOf(name, source, format) };
  try {
    await compressTo(ready, source, compression);
    return { name, source, ready, target, entry: await entryOf(name, ready, compression.format) };
  } catch (error) {
    await rm(ready, { force: true });
    throw errorOf(error, source, target);
  }
}

/** The two may be on different disks, and only one of them is full. */
export function errorOf(error: unknown, source: string, target: string): CellarmanError {
  const isOfSource = (error as NodeJS.ErrnoException).code === 'ENOENT';
  return fromErrno(error, isOfSource ? source : target);
}

/** The line of a file that is in the archive, or about to be. @throws errnos */
export async function entryOf(name: string, path: string, compression: string | null): Promise<WalEntry> {
  const facts = await stat(path, { bigint: true });
  return { name, size: Number(facts.size), time: pythonTime(facts), compression, encryption: null };
}

async function compressTo(path: string, source: string, compression: Compression): Promise<void> {
  await compression.compress(source, path);
  await chmod(path, (await stat(source)).mode & 0o777);
  await keepTimes(source, path);
}

/** When PostgreSQL wrote the segment. */
export async function keepTimes(from: string, to: string): Promise<void> {
  const { atimeMs, mtimeMs } = await stat(from);
  await utimes(to, atimeMs / 1000, mtimeMs / 1000);
}
