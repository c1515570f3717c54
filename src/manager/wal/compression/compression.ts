import { createReadStream, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { failure } from '../../../system/errors.ts';
import type { ServerOptions } from '../../config/options.ts';
import { compressionFilter, decompressionFilter, type Filter, levelOf } from './filter.ts';
import { type CustomFormat, formatOf, identify, isOpenPgp, MAGIC_SIZE, type WalFormat } from './format.ts';
import { runFilter } from './run-filter.ts';

export type CompressionOptions = CustomFormat &
  Pick<ServerOptions, 'compression' | 'compression_level' | 'path_prefix'>;

/** Large blocks: each one is a way to zlib's threads and back. */
const BLOCK = 1024 * 1024;

/** How one server stores WAL: gzip and snappy in this process, everything else by its program. */
export class Compression {
  readonly #options: CompressionOptions;

  constructor(options: CompressionOptions) {
    this.#options = options;
  }

  /** What new files are stored as; null: as they are. */
  get format(): WalFormat | null {
    return this.#options.compression === null ? null : formatOf(this.#options.compression);
  }

  /** What a file is stored as, by its first bytes. @throws WAL_ENCRYPTED, errnos */
  async formatOf(path: string): Promise<WalFormat | null> {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(MAGIC_SIZE), 0, MAGIC_SIZE, 0);
      const start = buffer.subarray(0, bytesRead);
      const format = identify(start, this.#options);
      if (format === null && isOpenPgp(start)) throw failure('WAL_ENCRYPTED', { path });
      return format;
    } finally {
      await file.close();
    }
  }

  /** Writes a compressed copy of a file under a new name. @throws COMPRESSION, errnos */
  async compress(path: string, target: string): Promise<void> {
    const { compression, compression_level } = this.#options;
    if (compression === null) throw failure('INTERNAL', { detail: 'no compression is configured' });
    const filter = compressionFilter(compression, compression_level, this.#options);
    if (filter !== null) await this.#filter(filter, path, target);
    else if (compression === 'custom') throw this.#noFilter(path, 'custom_compression_filter');
    else if (compression === 'snappy') {
      const { packSnappy } = await import('./snappy.ts');
      await pipeline(
        createReadStream(path, { highWaterMark: BLOCK }),
        packSnappy,
        createWriteStream(target, { flags: 'wx', highWaterMark: BLOCK }),
      );
    } else {
      const gzip = createGzip({ level: levelOf('gzip', compression_level), chunkSize: BLOCK });
      await pipeline(
        createReadStream(path, { highWaterMark: BLOCK }),
        gzip,
        createWriteStream(target, { flags: 'wx', highWaterMark: BLOCK }),
      );
    }
  }

  /** The content of a stored file; who has seen enough may leave the loop. @throws COMPRESSION, errnos */
  async *read(path: string, format: WalFormat | null): AsyncGenerator<Buffer, void, void> {
    if (format === null) yield* createReadStream(path, { highWaterMark: BLOCK });
    else if (format === 'gzip') yield* gunzip(path);
    else if (format === 'snappy') yield* unsnap(path);
    else yield* this.#filtered(path, format);
  }

  async #filter(filter: Filter, path: string, target: string): Promise<void> {
    const source = await open(path, 'r');
    try {
      const copy = await open(target, 'wx');
      try {
        await runFilter(filter, path, source.fd, copy.fd, this.#options.path_prefix).ended;
      } finally {
        await copy.close();
      }
    } finally {
      await source.close();
    }
  }

  async *#filtered(path: string, format: WalFormat): AsyncGenerator<Buffer, void, void> {
    const filter = decompressionFilter(format, this.#options);
    if (filter === null) throw this.#noFilter(path, 'custom_decompression_filter');
    const file = await open(path, 'r');
    try {
      const run = runFilter(filter, path, file.fd, 'pipe', this.#options.path_prefix);
      try {
        if (run.output !== null) yield* run.output;
        await run.ended;
      } finally {
        run.stop();
      }
    } finally {
      await file.close();
    }
  }

  #noFilter(path: string, key: string): Error {
    return failure('COMPRESSION', { program: key, path, detail: 'it is not configured' });
  }
}

async function* gunzip(path: string): AsyncGenerator<Buffer, void, void> {
  const source = createReadStream(path, { highWaterMark: BLOCK });
  const unpacked = createGunzip({ chunkSize: BLOCK });
  const fed = pipeline(source, unpacked);
  fed.catch(() => undefined);
  try {
    yield* unpacked;
    await fed;
  } catch (error) {
    throw failure('COMPRESSION', { program: 'gzip', path, detail: String(error) }, error);
  } finally {
    source.destroy();
    unpacked.destroy();
  }
}

async function* unsnap(path: string): AsyncGenerator<Buffer, void, void> {
  const { unpackSnappy } = await import('./snappy.ts');
  const source = createReadStream(path, { highWaterMark: BLOCK });
  try {
    yield* unpackSnappy(source);
  } catch (error) {
    throw failure('COMPRESSION', { program: 'snappy', path, detail: String(error) }, error);
  } finally {
    source.destroy();
  }
}
