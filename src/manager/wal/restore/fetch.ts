import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fromErrno } from '../../../system/errno.ts';
import { Compression } from '../compression/compression.ts';
import { prove } from './proof.ts';
import type { WalSupply } from './supply.ts';

/** Told from the first bytes, whatever the archive's configuration is. */
const ANY_COMPRESSION = new Compression({
  compression: null,
  compression_level: 'medium',
  path_prefix: null,
  custom_compression_filter: null,
  custom_decompression_filter: null,
  custom_compression_magic: null,
});

export interface Fetched {
  /** Complete, proven and decompressed. */
  readonly path: string;
  readonly segmentSize: number | undefined;
}

/**
 * Brings a file of the archive to a path that begins with `prefix`, as no path of anybody else does; undefined where it is
 * not there. @throws the codes of supplies; COMPRESSION, WAL_DAMAGED, WAL_INCOMPLETE; the codes of single paths
 */
export async function fetchWal(
  supply: WalSupply,
  name: string,
  partial: boolean,
  prefix: string,
): Promise<Fetched | undefined> {
  const found = await supply.find(name, partial);
  if (found === undefined) return undefined;
  const stored = `${prefix}.stored.tmp`;
  const path = `${prefix}.tmp`;
  try {
    await pipeline(found.content, createWriteStream(stored, { mode: 0o600 }));
    const format = await ANY_COMPRESSION.formatOf(stored);
    if (format === null) await rename(stored, path);
    else {
      const content = Readable.from(ANY_COMPRESSION.read(stored, format));
      await pipeline(content, createWriteStream(path, { mode: 0o600 }));
    }
    return { path, segmentSize: prove(path, name, found) };
  } catch (error) {
    await rm(path, { force: true });
    throw fromErrno(error, path);
  } finally {
    await rm(stored, { force: true });
  }
}
