import fc from 'fast-check';
import type { EntryType } from '../../../src/sync/entry.ts';
import type { ManifestHeader, RunTotals } from '../../../src/sync/manifest/format.ts';
import { openManifest } from '../../../src/sync/manifest/reader.ts';
import type { RecordedEntry, RecordedListing } from '../../../src/sync/manifest/record.ts';
import { createManifestWriter } from '../../../src/sync/manifest/writer.ts';
import { comparePaths, joinPath, nameOf, ROOT } from '../../../src/sync/path.ts';
import { type ByteString, byteString } from '../../../src/system/byte-string.ts';

export const HEADER: ManifestHeader = {
  source: 'db1:/srv/dätä',
  started: 1_700_000_000_123_456,
  mtimePrecision: 1_000_000,
  keeps: { perms: true, times: true, owner: false, group: true },
};
export const RUN: RunTotals = {
  finished: 1_700_000_100_000_001,
  newFiles: 2,
  newBytes: 30,
  linkedFiles: 1,
  linkedBytes: 5,
  failed: 1,
};

export function entry(name: string, fields: Partial<RecordedEntry> = {}): RecordedEntry {
  const type = fields.type ?? 'file';
  return {
    name: byteString(name),
    type,
    mode: type === 'directory' ? 0o755 : 0o644,
    size: type === 'file' ? 5 : 0,
    mtime: 1_700_000_000_000_000,
    uid: 1000,
    gid: 1000,
    target: type === 'symlink' ? byteString('target') : undefined,
    identity: undefined,
    hash: type === 'file' ? '0123456789abcdef' : undefined,
    racy: false,
    ...fields,
  };
}

export function listing(path: string, ...entries: RecordedEntry[]): RecordedListing {
  const own = byteString(path);
  return { path: own, directory: entry(nameOf(own), { type: 'directory' }), entries };
}

export async function write(listings: readonly RecordedListing[], header = HEADER): Promise<Buffer> {
  const blocks: Buffer[] = [];
  const writer = await createManifestWriter(
    { write: async (block) => void blocks.push(Buffer.from(block)) },
    header,
  );
  for (const one of listings) await writer.add(one);
  await writer.finish(RUN);
  return Buffer.concat(blocks);
}

/** The bytes in blocks of the given sizes; each block is overwritten once the next one is asked for. */
export async function* split(bytes: Uint8Array, ...sizes: number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const size of [...sizes, bytes.length]) {
    const block = Uint8Array.from(bytes.subarray(at, at + size));
    at += size;
    if (block.length === 0) continue;
    yield block;
    block.fill(0xff);
  }
}

export async function read(source: AsyncIterable<Uint8Array>) {
  const reader = await openManifest(source, 'm');
  const listings: RecordedListing[] = [];
  for await (const one of reader) listings.push(one);
  return { header: reader.header, listings, totals: reader.totals };
}

/** Any byte a name can hold, those that need care more often. */
const nameByte = fc.oneof(
  fc.constantFrom(...'ab->\\x \n\r\x1b\x7f\x80\x9f\xc2\xa0\xc3\xbf\xe2\x82\xac\xed\xf0\x9f\x98\x80\xff'),
  fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)),
);

export const anyName: fc.Arbitrary<ByteString> = fc
  .oneof(
    fc.array(nameByte, { minLength: 1, maxLength: 12 }).map((bytes) => bytes.join('')),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).map((s) => Buffer.from(s).toString('latin1')),
  )
  .map((text) => text.replaceAll(/[/\0]/g, '_'))
  .filter((text) => text !== '.' && text !== '..')
  .map(byteString);

const time = fc.oneof(
  fc.integer({ min: -5_000_000, max: 5_000_000 }),
  fc.maxSafeInteger(),
  fc.integer({ min: 0, max: 2 ** 33 }).map((seconds) => seconds * 1_000_000),
);

const anyEntry: fc.Arbitrary<RecordedEntry> = fc
  .record({
    name: anyName,
    type: fc.constantFrom<EntryType>('file', 'directory', 'symlink', 'fifo', 'socket', 'device'),
    mode: fc.integer({ min: 0, max: 0o7777 }),
    // As large as ext4 allows a file, in numbers whose sum is still exact.
    size: fc.integer({ min: 0, max: 2 ** 44 }),
    mtime: time,
    uid: fc.integer({ min: 0, max: 0xffff_ffff }),
    gid: fc.integer({ min: 0, max: 0xffff_ffff }),
    target: fc.option(anyName, { nil: undefined }),
    identity: fc.option(
      fc.record({
        device: fc.maxSafeNat(),
        // Inodes are 64 bits wide; a number holds the nearest value.
        inode: fc.bigInt(0n, 2n ** 64n - 1n).map(Number),
        links: fc.nat(),
        changed: time,
      }),
      { nil: undefined },
    ),
    hash: fc.option(
      fc.bigInt(0n, 2n ** 64n - 1n).map((sum) => sum.toString(16).padStart(16, '0')),
      { nil: undefined },
    ),
    racy: fc.boolean(),
  })
  .map((any) => ({ ...any, target: any.type === 'symlink' ? any.target : undefined }));

/** A root and some directories below it, in order; every entry may be anything. */
export const anyListings: fc.Arbitrary<RecordedListing[]> = fc
  .array(fc.tuple(fc.array(anyName, { maxLength: 3 }), anyEntry, fc.array(anyEntry, { maxLength: 6 })), {
    maxLength: 6,
  })
  .map((directories) => {
    const byPath = new Map<string, RecordedListing>();
    for (const [names, own, entries] of directories) {
      const path = names.reduce((parent, name) => joinPath(parent, name), ROOT);
      const byName = new Map(entries.map((one) => [one.name, one]));
      byPath.set(path, {
        path,
        directory: { ...own, name: nameOf(path), type: 'directory', target: undefined },
        entries: [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
      });
    }
    return [...byPath.values()].sort((a, b) => comparePaths(a.path, b.path));
  });
