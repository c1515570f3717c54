import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseControlFile, withoutCheckpoint } from '../../src/postgres/control-file.ts';
import { crc32c } from '../../src/postgres/crc32c.ts';
import { parseLsn } from '../../src/postgres/lsn.ts';
import { MAJORS, postgresAvailable, startPostgres, type TestPostgres } from '../support/postgres.ts';
import { startStandby } from '../support/postgres-standby.ts';

const seconds = (time: unknown): number => (time instanceof Date ? time.getTime() / 1000 : Number.NaN);

describe.skipIf(!postgresAvailable()).each(MAJORS)('pg_control of PostgreSQL %i', (major) => {
  let server: TestPostgres;
  let bytes: Buffer;
  const read = (): Buffer => readFileSync(join(server.dataDir, 'global/pg_control'));

  beforeAll(async () => {
    // Values that differ from each other and from the defaults, so that no field can pass for another.
    server = await startPostgres({
      major,
      checksums: major !== 15,
      walSegmentSize: major === 17 ? 4 : 1,
      settings: { wal_log_hints: major === 13 },
    });
    await server.query('checkpoint');
    bytes = read();
  });
  afterAll(() => server?.stop());

  test('holds what the server says of itself', async () => {
    const [row] = await server.query(
      'select * from pg_control_system(), pg_control_checkpoint(), pg_control_init()',
    );
    expect(parseControlFile(bytes)).toEqual({
      systemIdentifier: row?.['system_identifier'],
      major,
      catalogVersion: row?.['catalog_version_no'],
      state: 'in production',
      writtenAt: seconds(row?.['pg_control_last_modified']),
      checkpoint: parseLsn(row?.['checkpoint_lsn']),
      redo: parseLsn(row?.['redo_lsn']),
      timeline: row?.['timeline_id'],
      fullPageWrites: row?.['full_page_writes'],
      checkpointAt: seconds(row?.['checkpoint_time']),
      minRecoveryPoint: 0n,
      minRecoveryPointTimeline: 0,
      backupStartPoint: 0n,
      backupEndPoint: 0n,
      backupEndRequired: false,
      walLogHints: major === 13,
      blockSize: row?.['database_block_size'],
      relationSegmentBlocks: row?.['blocks_per_segment'],
      walBlockSize: row?.['wal_block_size'],
      walSegmentSize: row?.['bytes_per_wal_segment'],
      checksumVersion: row?.['data_page_checksum_version'],
    });
  });

  test('every changed byte before the CRC is noticed', () => {
    for (const offset of [0, 4, 16, 33, 60, 170, 255, 260, 287]) {
      const damaged = Buffer.from(bytes);
      damaged.writeUInt8(damaged.readUInt8(offset) ^ 0x10, offset);
      expect(() => parseControlFile(damaged)).toThrow(expect.objectContaining({ code: 'CONTROL_FILE_CRC' }));
    }
  });

  test('a standby tells its state and how far it must recover', async () => {
    const standby = await startStandby(server);
    try {
      await standby.query('checkpoint');
      const control = parseControlFile(readFileSync(join(standby.dataDir, 'global/pg_control')));
      const [row] = await standby.query('select * from pg_control_recovery()');
      expect(control.state).toBe('in archive recovery');
      expect(control.minRecoveryPoint).toBe(parseLsn(row?.['min_recovery_end_lsn']));
      expect(control.minRecoveryPointTimeline).toBe(row?.['min_recovery_end_timeline']);
      expect(control.minRecoveryPoint).toBeGreaterThan(0n);
    } finally {
      await standby.stop();
    }
  });

  test('stopped, it says so', async () => {
    await server.shutDown();
    const control = parseControlFile(read());
    await server.start();
    expect(control.state).toBe('shut down');
  });

  test('without its checkpoint it is valid, and no server starts from it', async () => {
    await server.shutDown();
    const path = join(server.dataDir, 'global/pg_control');
    const original = read();
    const file = await open(path, 'r+');
    try {
      await file.write(withoutCheckpoint(original), 0, original.length, 0);
      expect(parseControlFile(read())).toEqual({ ...parseControlFile(original), checkpoint: 0xdeadn });
      await expect(server.start()).rejects.toThrow(/checkpoint/);
      await file.write(original, 0, original.length, 0);
      await server.start();
    } finally {
      await file.close();
    }
  });
});

describe('what is not a pg_control', () => {
  const made = (version: number, catalogVersion: number, state = 6): Buffer => {
    const bytes = Buffer.alloc(8192);
    bytes.writeUInt32LE(version, 8);
    bytes.writeUInt32LE(catalogVersion, 12);
    bytes.writeUInt32LE(state, 16);
    bytes.writeUInt32LE(crc32c(bytes, 0, 0, 288), 288);
    return bytes;
  };

  test.each([
    ['a short file', Buffer.alloc(100), /only 100 bytes/],
    ['zeros', Buffer.alloc(8192), /version 0/],
    ['version 12', made(1201, 201909212), /version 1201/],
    ['a big-endian machine', made(Buffer.from([0, 0, 5, 20]).readUInt32LE(), 0), /big-endian/],
    ['a development version', made(1300, 202001011), /202001011/],
    ['an unknown state', made(1300, 202209061, 9), /state/],
  ])('%s is refused', (_, bytes, message) => {
    expect(() => parseControlFile(bytes)).toThrow(
      expect.objectContaining({ code: 'CONTROL_FILE', message: expect.stringMatching(message) }),
    );
  });
});
