import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyWal } from '../../../src/manager/restore/copy-wal.ts';
import { readWalArchive } from '../../../src/manager/restore/wal-archive.ts';
import { Compression } from '../../../src/manager/wal/compression/compression.ts';
import { localEndpoint } from '../../../src/sync/endpoints/local.ts';
import { byteString, fromText } from '../../../src/system/byte-string.ts';

const SIZE = 1024 * 1024;
const NAME = '000000010000000000000005';

describe('WAL of a restore that is gone on with', () => {
  let root: string;
  let segments: string;
  let place: string;
  const compression = new Compression({
    compression: null,
    compression_level: 'medium',
    path_prefix: null,
    custom_compression_filter: null,
    custom_decompression_filter: null,
    custom_compression_magic: null,
  });

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'cellarman-wal-'));
    segments = join(root, 'wals', NAME.slice(0, 16));
    place = join(root, 'pgdata', 'pg_wal', NAME);
    mkdirSync(segments, { recursive: true });
    mkdirSync(join(root, 'pgdata', 'pg_wal'), { recursive: true });
  });

  afterAll(() => rmSync(root, { recursive: true, force: true }));

  async function copy(): Promise<void> {
    const archive = await readWalArchive({ wals: join(root, 'wals') }, compression, NAME, SIZE);
    const segment = archive.find(1, 5);
    if (segment === undefined) throw new Error('the segment is not found');
    const endpoint = localEndpoint(fromText(join(root, 'pgdata')));
    const stop = { segments: 1, lsn: undefined, lastCommit: undefined };
    const lineage = { timeline: 1, spans: [], later: [] };
    await copyWal({
      plan: { lineage, segments: [segment], histories: [], stop, needed: 0n },
      archive,
      compression,
      endpoint,
      directory: byteString('pg_wal'),
      markArchived: true,
      trustStanding: true,
      bandwidth: undefined,
      onBytes: () => undefined,
      signal: new AbortController().signal,
    });
    await endpoint.close();
  }

  it('is not copied again, unless the archive has another file of that name by now', async () => {
    const partial = join(segments, `${NAME}.partial`);
    writeFileSync(partial, Buffer.alloc(SIZE, 'a'));
    utimesSync(partial, 1_700_000_000, 1_700_000_000.25);
    await copy();
    const { ino } = statSync(place);
    await copy();
    expect(statSync(place).ino).toBe(ino);

    writeFileSync(join(segments, NAME), Buffer.alloc(SIZE, 'b'));
    await copy();
    expect(readFileSync(place).equals(Buffer.alloc(SIZE, 'b'))).toBe(true);
  });
});
