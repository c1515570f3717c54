import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { crc32c } from '../../../src/postgres/crc32c.ts';
import { formatLsn, type Lsn, parseLsn } from '../../../src/postgres/lsn.ts';
import {
  nextSegmentName,
  parseSegmentName,
  segmentNames,
  segmentStart,
} from '../../../src/postgres/segment.ts';
import { type BlockReference, blockReferences } from '../../../src/postgres/wal/block-references.ts';
import { createWalReader, type WalReader } from '../../../src/postgres/wal/reader.ts';
import { type RecoveryEvent, recoveryEvent } from '../../../src/postgres/wal/recovery-event.ts';
import { checkSegmentHeader, SEGMENT_HEADER_SIZE } from '../../../src/postgres/wal/segment-header.ts';
import { MAJORS, postgresAvailable, startPostgres, type TestPostgres } from '../../support/postgres.ts';

const SIZE = 2 ** 20;

interface Seen {
  readonly lsn: string;
  readonly end: string;
  readonly transaction: number;
  readonly length: number;
  readonly event: RecoveryEvent | undefined;
}

describe.skipIf(!postgresAvailable()).each(MAJORS)('WAL of PostgreSQL %i', (major) => {
  let server: TestPostgres;
  let start: Lsn;
  let end: Lsn;
  let bigStart: Lsn;
  let before: number;
  let after: number;
  let stopLsn: string;

  const position = async (): Promise<Lsn> => {
    const [row] = await server.query<{ lsn: string }>('select pg_current_wal_lsn()::text lsn');
    return parseLsn(row?.lsn ?? '');
  };
  const contentOf = (name: string): Buffer => readFileSync(join(server.dataDir, 'pg_wal', name));
  const startOf = (name: string): Lsn => segmentStart(parseSegmentName(name, SIZE).number, SIZE);
  /** All records of the segments from one position to another. */
  const read = (
    reader: WalReader,
    from: Lsn,
    to: Lsn,
    damage?: (name: string, bytes: Buffer) => void,
  ): Seen[] => {
    const seen: Seen[] = [];
    for (const name of segmentNames(1, from, to, SIZE)) {
      const bytes = contentOf(name);
      damage?.(name, bytes);
      for (const record of reader.segment(bytes, startOf(name))) {
        if (record.lsn < from || record.lsn >= to) continue;
        seen.push({
          lsn: formatLsn(record.lsn),
          end: formatLsn(record.end),
          transaction: record.transaction,
          length: record.bytes.length,
          event: recoveryEvent(record, major),
        });
      }
    }
    return seen;
  };

  beforeAll(async () => {
    server = await startPostgres({
      major,
      walSegmentSize: 1,
      settings: { max_prepared_transactions: 5, autovacuum: false, wal_keep_size: '1GB' },
    });
    start = await position();
    before = Date.now();
    await server.query('create table t (a int, b text)');
    await server.query("insert into t select i, repeat('x', 500) from generate_series(1, 3000) i");
    await server.query('create table gone (a int)');
    await server.query(
      "begin; savepoint a; drop table gone; savepoint b; insert into t values (1); prepare transaction 'p'",
    );
    await server.query("commit prepared 'p'");
    await server.query("begin; savepoint a; insert into t values (1); prepare transaction 'q'");
    await server.query("rollback prepared 'q'");
    await server.query('begin; insert into t values (2); rollback');
    await server.query("select pg_create_restore_point('naïve')");
    after = Date.now();
    bigStart = await position();
    // One record of more than a segment: it crosses pages and segments.
    await server.query("select pg_logical_emit_message(true, 'p', repeat('y', 3000000))");
    const modern = major >= 15;
    const [stopped] = await server.query<{ lsn: string }>(
      modern
        ? "select pg_backup_start('x', true); select lsn::text from pg_backup_stop(false)"
        : "select pg_start_backup('x', true, false); select lsn::text from pg_stop_backup(false, false)",
    );
    stopLsn = stopped?.lsn ?? '';
    await server.query('select pg_switch_wal()');
    end = await position();
  });
  afterAll(() => server?.stop());

  test.skipIf(major < 15)('has the records that pg_walinspect shows', async () => {
    await server.query('create extension pg_walinspect');
    const theirs = await server.query(
      `select start_lsn::text lsn, end_lsn::text "end", xid::text::int transaction, record_length length
         from pg_get_wal_records_info($1, $2)`,
      [formatLsn(start), formatLsn(end)],
    );
    const reader = createWalReader();
    const ours = read(reader, start, end).map(({ event: _, ...record }) => record);
    expect(reader.end).toBeUndefined();
    expect(ours).toEqual(theirs);
    expect(ours.length).toBeGreaterThan(3000);
  });

  test('is one chain of valid records', () => {
    const reader = createWalReader();
    const records = read(reader, start, end);
    expect(reader.end).toBeUndefined();
    expect(records.some(({ length }) => length > 3_000_000)).toBe(true);
  });

  test('tells how transactions ended and where recovery can stop', async () => {
    const events = read(createWalReader(), start, end).flatMap(({ event }) => event ?? []);
    const kinds = events.map((event) => event.kind);
    const ended = ['commit', 'commit', 'commit', 'commit', 'abort', 'abort', 'restore point'];
    expect(kinds.slice(0, 7)).toEqual(ended);
    // The transaction of a prepared one is the number under which it wrote, two before those of its savepoints.
    const [created, inserted, , prepared, rolledBack] = events.map((event) =>
      'transaction' in event ? event.transaction : 0,
    );
    expect(prepared).toBe((created ?? 0) + 3);
    expect(inserted).toBe((created ?? 0) + 1);
    expect(rolledBack).toBe((created ?? 0) + 6);
    expect(events[6]).toMatchObject({ name: 'naïve' });
    for (const event of events.slice(0, 7)) {
      const time = 'time' in event ? event.time / 1000 : 0;
      expect(time >= before && time <= after + 1).toBe(true);
    }
  });

  test('shows the end of a backup', () => {
    const found = read(createWalReader(), start, end).filter(({ event }) => event?.kind === 'backup end');
    expect(found).toHaveLength(1);
    expect(found[0]?.end).toBe(stopLsn);
    const [record] = found;
    const began = record?.event?.kind === 'backup end' ? record.event.start : 0n;
    expect(began > start && began < parseLsn(stopLsn)).toBe(true);
  });

  test('tells which pages a record changes, and which it holds whole', async () => {
    await server.query('create table paged (id int, text text)');
    await server.query("insert into paged select i, repeat('x', 400) from generate_series(1, 100) i");
    // A reader that finds out that they are committed changes pages, too.
    await server.query('select count(*) from paged');
    const [table] = await server.query<{ relation: number; database: number; pages: number }>(
      `select pg_relation_filenode('paged')::int relation, pg_relation_size('paged')::int / 8192 pages,
        (select oid::int from pg_database where datname = current_database()) as "database"`,
    );
    const whole = async (sql: string): Promise<number[]> => {
      await server.query('checkpoint');
      const from = await position();
      await server.query(sql);
      const to = await position();
      const references: BlockReference[] = [];
      const reader = createWalReader();
      for (const name of segmentNames(1, from, to, SIZE)) {
        for (const record of reader.segment(contentOf(name), startOf(name))) {
          if (record.lsn >= from && record.lsn < to) references.push(...blockReferences(record, major));
        }
      }
      for (const { tablespace, fork } of references) {
        expect([1663, 1664]).toContain(tablespace);
        expect(['main', 'fsm', 'vm', 'init']).toContain(fork);
      }
      const ofTable = references.filter(
        ({ relation, database, fork }) =>
          relation === table?.relation && database === table.database && fork === 'main',
      );
      expect(ofTable.length).toBeGreaterThan(0);
      return [...new Set(ofTable.filter((one) => one.whole).map(({ block }) => block))].sort((a, b) => a - b);
    };
    const lock = 'select 1 from paged where id in (1, 100) for update';
    const last = (table?.pages ?? 0) - 1;
    expect(last).toBeGreaterThan(1);
    expect(await whole(lock)).toEqual([0, last]);
    expect(await whole(`set wal_compression = on; ${lock}`)).toEqual([0, last]);
  });

  test('can be read from the middle of a record on', () => {
    const [first, second] = segmentNames(1, bigStart, end, SIZE);
    expect(first === undefined || second === undefined).toBe(false);
    const reader = createWalReader();
    const records = read(reader, startOf(second ?? ''), end);
    expect(reader.end).toBeUndefined();
    expect(records.some(({ event }) => event?.kind === 'backup end')).toBe(true);
  });

  test('a changed byte ends it at its record', () => {
    const offset = 300_000;
    const at = startOf([...segmentNames(1, start, end, SIZE)][1] ?? '') + BigInt(offset);
    const reader = createWalReader();
    const records = read(reader, start, end, (name, bytes) => {
      if (startOf(name) + BigInt(offset) === at) bytes.writeUInt8(bytes.readUInt8(offset) ^ 1, offset);
    });
    expect(reader.end?.reason).toMatch(/CRC|length|follow/);
    expect(reader.end?.lsn).toBeLessThanOrEqual(at);
    expect(parseLsn(records.at(-1)?.end ?? '')).toBe(reader.end?.lsn);
  });

  test('a record left over from an earlier use of the segment is not taken for the next one', () => {
    const [, name = ''] = segmentNames(1, start, end, SIZE);
    const bytes = contentOf(name);
    const positions = [...createWalReader().segment(bytes, startOf(name))].map(({ lsn }) => lsn);
    const stale =
      positions.find((lsn, index) => index > 50 && lsn % 8192n < 4000n && lsn % 8192n > 100n) ?? 0n;
    const offset = Number(stale - startOf(name));
    const record = bytes.subarray(offset, offset + bytes.readUInt32LE(offset));
    // Valid in itself, but for the position of the record before it.
    record.writeBigUInt64LE(record.readBigUInt64LE(8) - 8n, 8);
    record.writeUInt32LE(crc32c(record, crc32c(record, 0, 24), 0, 20), 20);
    const reader = createWalReader();
    const read = [...reader.segment(bytes, startOf(name))];
    expect(reader.end).toEqual({ lsn: stale, reason: expect.stringMatching(/follow/) });
    expect(read.at(-1)?.end).toBe(stale);
  });

  test('a missing segment in the middle of a record ends it where that began', () => {
    const [first, , third] = [...segmentNames(1, bigStart, end, SIZE)];
    const reader = createWalReader();
    const records = [...reader.segment(contentOf(first ?? ''), startOf(first ?? ''))];
    expect([...reader.segment(contentOf(third ?? ''), startOf(third ?? ''))]).toEqual([]);
    expect(reader.end).toEqual({ lsn: records.at(-1)?.end, reason: expect.stringMatching(/go on/) });
  });

  test('zeros and recycled segments end it', async () => {
    const [first, second] = [...segmentNames(1, start, end, SIZE)];
    const zeros = createWalReader();
    expect([...zeros.segment(Buffer.alloc(SIZE), startOf(first ?? ''))]).toEqual([]);
    expect(zeros.end?.reason).toMatch(/no WAL page/);
    const recycled = createWalReader();
    expect([...recycled.segment(contentOf(first ?? ''), startOf(second ?? ''))]).toEqual([]);
    expect(recycled.end?.lsn).toBe(startOf(second ?? ''));
    // The segment that is being written has something, and then nothing.
    await server.query('create table last (a int)');
    const current = [...segmentNames(1, end, end + BigInt(SIZE), SIZE)].find((name) =>
      existsSync(join(server.dataDir, 'pg_wal', name)),
    );
    const written = createWalReader();
    const records = [...written.segment(contentOf(current ?? ''), startOf(current ?? ''))];
    expect(records.length).toBeGreaterThan(0);
    expect(written.end?.lsn).toBe(records.at(-1)?.end);
  });

  test('a segment proves by its header what it is', async () => {
    const [name = ''] = segmentNames(1, start, end, SIZE);
    const bytes = contentOf(name).subarray(0, SEGMENT_HEADER_SIZE);
    const [row] = await server.query<{ id: string }>(
      'select system_identifier::text id from pg_control_system()',
    );
    const expected = { major, timeline: 1, systemIdentifier: row?.id, segmentSize: SIZE, pageSize: 8192 };
    expect(checkSegmentHeader(bytes, name, row?.id)).toEqual(expected);
    // The first segment of a new timeline holds what the old one had written.
    expect(checkSegmentHeader(bytes, `00000002${name.slice(8)}`)).toEqual(expected);

    const refused = (content: Uint8Array, as: string, id?: string): unknown => {
      try {
        return checkSegmentHeader(content, as, id);
      } catch (error) {
        return error instanceof Error ? error.message : error;
      }
    };
    expect(refused(bytes, name, '1')).toMatch(/belongs to the cluster/);
    expect(refused(bytes, nextSegmentName(name, SIZE))).toMatch(/holds WAL from/);
    expect(refused(bytes, `00000000${name.slice(8)}`)).toMatch(/timeline 1/);
    expect(refused(contentOf(name).subarray(8192), name)).toMatch(/first page/);
    expect(refused(bytes.subarray(0, 30), name)).toMatch(/not WAL/);
    expect(refused(Buffer.alloc(SIZE), name)).toMatch(/not WAL/);
  });
});
