import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseLsn } from '../../src/postgres/lsn.ts';
import { pageChecksum } from '../../src/postgres/page-checksum.ts';
import { createPageScanner } from '../../src/postgres/page-scanner.ts';
import { parseRelationFileName } from '../../src/postgres/relation-path.ts';
import { byteString } from '../../src/system/byte-string.ts';
import { MAJORS, postgresAvailable, startPostgres, type TestPostgres } from '../support/postgres.ts';

const PAGE = 8192;

// Pages filled with 0xFF, block 0 and block 999, of every page size that PostgreSQL can be built with.
test.each([
  [1024, 0x016e, 0x0391],
  [2048, 0xb57b, 0xb7a2],
  [4096, 0x5b9b, 0x5bb8],
  [8192, 0x0e1c, 0x0ec3],
  [16384, 0x158e, 0x18ad],
  [32768, 0x5366, 0x5745],
])('the checksum of a page of %i bytes', (size, atStart, later) => {
  const words = new Int32Array(size / 4).fill(-1);
  expect(pageChecksum(words, 0, size, 0)).toBe(atStart);
  expect(pageChecksum(words, 0, size, 999)).toBe(later);
});

describe.skipIf(!postgresAvailable()).each(MAJORS)('pages of PostgreSQL %i', (major) => {
  let server: TestPostgres;
  let table: Buffer;
  const scan = (bytes: Uint8Array, firstBlock = 0) => createPageScanner(firstBlock, PAGE).push(bytes);

  beforeAll(async () => {
    server = await startPostgres({ major, walSegmentSize: 1 });
    await server.query('create table t (a int primary key, b text)');
    await server.query("insert into t select i, repeat('x', 200) from generate_series(1, 3000) i");
    await server.query('vacuum t');
    await server.query('checkpoint');
    const [row] = await server.query<{ path: string }>("select pg_relation_filepath('t') path");
    table = readFileSync(join(server.dataDir, row?.path ?? ''));
  });
  afterAll(() => server?.stop());

  test('every page of every relation and fork is valid', () => {
    let pages = 0;
    for (const directory of [
      'global',
      ...readdirSync(join(server.dataDir, 'base')).map((name) => `base/${name}`),
    ]) {
      for (const name of readdirSync(join(server.dataDir, directory))) {
        if (parseRelationFileName(byteString(name)) === undefined) continue;
        const bytes = readFileSync(join(server.dataDir, directory, name));
        expect(scan(bytes), `${directory}/${name}`).toEqual([]);
        pages += bytes.length / PAGE;
      }
    }
    expect(pages).toBeGreaterThan(1000);
  });

  test('the newest LSN is the one the server knows', async () => {
    await server.query('create extension if not exists pageinspect');
    const [row] = await server.query<{ newest: string }>(
      `select max((page_header(get_raw_page('t', n::int))).lsn)::text newest
         from generate_series(0, pg_relation_size('t') / ${PAGE} - 1) n`,
    );
    const scanner = createPageScanner(0, PAGE);
    scanner.push(table);
    expect(scanner.newestLsn).toBe(parseLsn(row?.newest ?? ''));
  });

  test('the number of the block is part of it', () => {
    expect(scan(table, 1)).toHaveLength(table.length / PAGE);
    expect(scan(table.subarray(3 * PAGE), 3)).toEqual([]);
  });
});

describe.skipIf(!postgresAvailable())('a scanner', () => {
  let pages: Buffer;

  beforeAll(async () => {
    const server = await startPostgres({ major: 18, walSegmentSize: 1 });
    try {
      await server.query('create table t as select i, md5(i::text) from generate_series(1, 2000) i');
      await server.query('checkpoint');
      const [row] = await server.query<{ path: string }>("select pg_relation_filepath('t') path");
      pages = readFileSync(join(server.dataDir, row?.path ?? '')).subarray(0, 8 * PAGE);
    } finally {
      await server.stop();
    }
  });

  const damaged = (offset: number, value = 0xaa): Buffer => {
    const copy = Buffer.from(pages);
    copy.writeUInt8(value, offset);
    return copy;
  };

  test('finds a changed byte wherever it is, in blocks of any size and at any alignment', () => {
    const bytes = damaged(3 * PAGE + 5000);
    const expected = [{ block: 3, kind: 'checksum', lsn: expect.any(BigInt) }];
    for (const size of [1, 3, 1000, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE, 100_000]) {
      const scanner = createPageScanner(0, PAGE);
      const problems = [];
      for (let at = 0; at < bytes.length; at += size) {
        // Copied to an odd address: packets from a socket lie anywhere.
        const block = new Uint8Array(size + 1).subarray(1);
        block.set(bytes.subarray(at, at + size));
        problems.push(...scanner.push(block.subarray(0, Math.min(size, bytes.length - at))));
      }
      expect(problems).toEqual(expected);
      expect(scanner.remainder).toBe(0);
    }
  });

  test('leaves the bytes as they are', () => {
    const copy = Buffer.from(pages);
    createPageScanner(0, PAGE).push(copy);
    expect(copy.equals(pages)).toBe(true);
  });

  test('takes a page of zeros for new, and one with anything in it for damaged', () => {
    const zeros = new Uint8Array(2 * PAGE);
    expect(createPageScanner(0, PAGE).push(zeros)).toEqual([]);
    zeros[PAGE + 4000] = 1;
    expect(createPageScanner(0, PAGE).push(zeros)).toEqual([{ block: 1, kind: 'zeros', lsn: 0n }]);
  });

  test('refuses a header that no page has, although its checksum matches', () => {
    const bytes = Buffer.from(pages.subarray(0, PAGE));
    bytes.writeUInt16LE(bytes.readUInt16LE(14) + PAGE, 16);
    const words = new Int32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + PAGE));
    bytes.writeUInt16LE(pageChecksum(words, 0, PAGE, 0), 8);
    expect(createPageScanner(0, PAGE).push(bytes)).toEqual([
      { block: 0, kind: 'header', lsn: expect.any(BigInt) },
    ]);
  });

  test('tells the bytes of an unfinished page', () => {
    const scanner = createPageScanner(0, PAGE);
    expect(scanner.push(pages.subarray(0, PAGE + 100))).toEqual([]);
    expect(scanner.remainder).toBe(100);
  });
});
