import { chmod, mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromErrno } from '../../../system/errno.ts';
import { Compression, type CompressionOptions } from '../compression/compression.ts';
import { WalSource } from '../send/wal-source.ts';

export type SourceCompression = Pick<CompressionOptions, 'compression' | 'compression_level'>;

/**
 * Opens a compressed copy of a WAL file in its place, under its name, as archives hold it. The copy is gone again when the
 * work is done. @throws COMPRESSION, UNSUPPORTED; the codes of single paths
 */
export async function withCompressed<T>(
  source: WalSource,
  wanted: SourceCompression,
  work: (compressed: WalSource) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'cellarman-wal-'));
  try {
    const path = join(directory, source.name);
    const compression = new Compression({
      ...wanted,
      path_prefix: null,
      custom_compression_filter: null,
      custom_decompression_filter: null,
      custom_compression_magic: null,
    });
    await compression.compress(source.path, path);
    await chmod(path, source.mode);
    await utimes(path, source.modifiedAt, source.modifiedAt);
    const compressed = new WalSource(path);
    try {
      return await work(compressed);
    } finally {
      compressed.close();
    }
  } catch (error) {
    throw fromErrno(error, source.path);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
