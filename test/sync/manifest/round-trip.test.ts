import { setTimeout } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openManifest } from '../../../src/sync/manifest/reader.ts';
import { totalsFromTail } from '../../../src/sync/manifest/totals.ts';
import { createManifestWriter } from '../../../src/sync/manifest/writer.ts';
import { fromText } from '../../../src/system/byte-string.ts';
import { anyListings, entry, HEADER, listing, RUN, read, split, write } from './support.ts';

const SAMPLE = [
  listing(
    '',
    entry('link -> x', { type: 'symlink', target: fromText('a -> b') }),
    entry('racy', { racy: true, mtime: -1_500_000, mode: 0o4755 }),
    entry('sub', { type: 'directory' }),
  ),
  listing(
    'sub',
    entry('local', { identity: { device: 2049, inode: 7, links: 2, changed: 1_700_000_000_000_001 } }),
  ),
];

describe('a manifest', () => {
  it('is readable text', async () => {
    expect(gunzipSync(await write(SAMPLE)).toString()).toMatchInlineSnapshot(`
      "cellarman manifest 1
      source db1:/srv/dätä
      started 1700000000.123456
      mtime-precision 1.000000
      keeps perms times group
      columns type mode uid gid size mtime identity racy xxh64 name

      / 755 1000 1000 0 1700000000.000000 - - - .
      l 644 1000 1000 0 1700000000.000000 - - - link -\\x3e x -> a -> b
      f 4755 1000 1000 5 -1.500000 - r 0123456789abcdef racy
      d 755 1000 1000 0 1700000000.000000 - - - sub

      / 755 1000 1000 0 1700000000.000000 - - - sub
      f 644 1000 1000 5 1700000000.000000 2049:7:2:1700000000.000001 - 0123456789abcdef local

      end
      finished 1700000100.000001
      files 2
      directories 1
      symlinks 1
      others 0
      bytes 10
      new-files 2
      new-bytes 30
      linked-files 1
      linked-bytes 5
      failed 1
      xxh64 63ead1e22135986d
      "
    `);
  });

  it('gives back what was written, whatever it was', async () => {
    await fc.assert(
      fc.asyncProperty(anyListings, fc.nat(2000), async (listings, cut) => {
        const result = await read(split(await write(listings), cut));
        expect(result.listings).toEqual(listings);
        expect(result.header).toEqual(HEADER);
      }),
    );
  });

  it('counts by type and keeps what the run did', async () => {
    const bytes = await write(SAMPLE);
    const totals = { ...RUN, files: 2, directories: 1, symlinks: 1, others: 0, bytes: 10 };
    expect((await read(split(bytes))).totals).toEqual(totals);
    expect(totalsFromTail(bytes)).toEqual(totals);
    expect(totalsFromTail(bytes.subarray(-400))).toEqual(totals);
  });

  it('can be read in blocks split anywhere', async () => {
    const bytes = await write(SAMPLE);
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect((await read(split(bytes, cut))).listings).toEqual(SAMPLE);
    }
    expect((await read(split(bytes, ...new Array(bytes.length).fill(1)))).listings).toEqual(SAMPLE);
  });

  it('holds listings larger than a block, and more of them than fit into one', async () => {
    const many = Array.from({ length: 20_000 }, (_, i) =>
      entry(`f${String(i).padStart(6, '0')}`, { size: i }),
    );
    const directories = Array.from({ length: 300 }, (_, i) => listing(`d${i + 100}`, ...many.slice(0, 20)));
    const listings = [listing('', ...many), ...directories];
    expect((await read(split(await write(listings)))).listings).toEqual(listings);
  });

  it('of an empty tree is one too', async () => {
    expect((await read(split(await write([listing('')])))).listings).toEqual([listing('')]);
  });
});

describe('the reader', () => {
  let released: boolean;
  async function* source(bytes: Uint8Array) {
    released = false;
    try {
      yield* split(bytes, 100);
    } finally {
      released = true;
    }
  }

  it('releases the source when it is closed early', async () => {
    const reader = await openManifest(source(await write(SAMPLE)), 'm');
    await reader[Symbol.asyncDispose]();
    await reader[Symbol.asyncDispose]();
    expect(released).toBe(true);
    expect(reader.totals).toBeUndefined();
  });

  it('releases the source when the loop over it is left early', async () => {
    // So much that it is not all read ahead, and more than one directory in the first block.
    const hash = (n: number): string => Math.sin(n).toString(16).slice(-13).padStart(16, '0');
    const directories = Array.from({ length: 2000 }, (_, d) =>
      listing(
        `d${d + 1000}`,
        ...Array.from({ length: 50 }, (_, f) => entry(`f${f + 10}`, { hash: hash(d * 50 + f) })),
      ),
    );
    const reader = await openManifest(source(await write([listing(''), ...directories])), 'm');
    for await (const _ of reader) break;
    expect(released).toBe(true);
    expect(reader.totals).toBeUndefined();
  });

  it('passes on what the source throws', async () => {
    const bytes = await write(SAMPLE);
    async function* source() {
      yield bytes.subarray(0, 150);
      throw new Error('cable pulled');
    }
    await expect(read(source())).rejects.toThrow('cable pulled');
  });
});

describe('the writer', () => {
  const big = listing(
    '',
    ...Array.from({ length: 30_000 }, (_, i) => entry(`f${1_000_000 + i}`, { size: i })),
  );

  it.each([1, 2])('passes on what the sink throws at block %i', async (failing) => {
    let blocks = 0;
    const sink = {
      write: async () => {
        await setTimeout(1);
        if (++blocks >= failing) throw new Error('disk full');
      },
    };
    const writer = await createManifestWriter(sink, HEADER);
    const written = (async () => {
      for (let i = 0; i < 20; i++) await writer.add({ ...big, path: fromText(`d${i}`) });
      await writer.finish(RUN);
    })();
    await expect(written).rejects.toThrow('disk full');
    await writer.abort();
  });

  it('leaves no whole manifest behind when it is aborted', async () => {
    const blocks: Buffer[] = [];
    const writer = await createManifestWriter(
      { write: async (block) => void blocks.push(Buffer.from(block)) },
      HEADER,
    );
    await writer.add(big);
    await writer.abort();
    await expect(read(split(Buffer.concat(blocks)))).rejects.toThrow(/is damaged/);
  });

  it('never has two writes of the sink under way', async () => {
    let busy = false;
    const writer = await createManifestWriter(
      {
        write: async () => {
          expect(busy).toBe(false);
          busy = true;
          await setTimeout(2);
          busy = false;
        },
      },
      HEADER,
    );
    for (let i = 0; i < 5; i++) await writer.add({ ...big, path: fromText(`d${i}`) });
    await writer.finish(RUN);
  });
});
