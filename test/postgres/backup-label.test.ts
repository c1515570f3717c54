import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { parseBackupLabel } from '../../src/postgres/backup-label.ts';
import { formatLsn, parseLsn } from '../../src/postgres/lsn.ts';
import { MAJORS, postgresAvailable, startPostgres } from '../support/postgres.ts';

const text = `START WAL LOCATION: 0/2000028 (file 000000010000000000000002)
CHECKPOINT LOCATION: 0/2000060
BACKUP METHOD: streamed
BACKUP FROM: standby
START TIME: 2026-11-22 16:44:42 UTC
LABEL: nightly: with a colon
START TIMELINE: 3
`;

test('the lines of a label', () => {
  expect(parseBackupLabel(text)).toEqual({
    startLsn: parseLsn('0/2000028'),
    startSegment: '000000010000000000000002',
    checkpoint: parseLsn('0/2000060'),
    from: 'standby',
    startTime: '2026-11-22 16:44:42 UTC',
    label: 'nightly: with a colon',
    startTimeline: 3,
    incrementalFrom: undefined,
    stop: undefined,
  });
});

test('lines within the label of a user do not count', () => {
  const damaged = text.replace('nightly:', 'x\nSTART WAL LOCATION: 0/9 (file 000000010000000000000000)\ny:');
  expect(parseBackupLabel(damaged)).toMatchObject({ startLsn: 0x2000028n, label: 'x', startTimeline: 3 });
});

test('an incremental backup is known by its label', () => {
  const label = parseBackupLabel(`${text}INCREMENTAL FROM LSN: 0/1000028\nINCREMENTAL FROM TLI: 1\n`);
  expect(label.incrementalFrom).toBe(0x1000028n);
});

test.each([
  ['nothing', '', 'START WAL LOCATION'],
  ['a cut off text', text.slice(0, 100), 'BACKUP FROM'],
  ['a damaged position', text.replace('0/2000028', '0-2000028'), 'START WAL LOCATION'],
  ['another origin', text.replace('standby', 'elsewhere'), 'BACKUP FROM'],
  ['a damaged timeline', text.replace('TIMELINE: 3', 'TIMELINE: x'), 'START TIMELINE'],
])('%s is refused with the line that is wrong', (_, damaged, line) => {
  expect(() => parseBackupLabel(damaged)).toThrow(
    expect.objectContaining({ code: 'BACKUP_LABEL', message: expect.stringContaining(line) }),
  );
});

describe.skipIf(!postgresAvailable()).each(MAJORS)('PostgreSQL %i', (major) => {
  test('writes labels and backup history files that are understood', async () => {
    const server = await startPostgres({
      major,
      walSegmentSize: 1,
      settings: { archive_mode: true, archive_command: '/bin/true' },
    });
    const session = new pg.Client({ host: server.host, port: server.port, user: 'postgres' });
    try {
      await session.connect();
      const modern = major >= 15;
      const started = await session.query<{ lsn: string }>(
        modern ? "select pg_backup_start('a b', true) lsn" : "select pg_start_backup('a b', true, false) lsn",
      );
      const stopped = await session.query<{ lsn: string; labelfile: string }>(
        modern ? 'select * from pg_backup_stop(false)' : 'select * from pg_stop_backup(false, false)',
      );
      const label = parseBackupLabel(stopped.rows[0]?.labelfile ?? '');
      expect(label).toMatchObject({ label: 'a b', from: 'primary', startTimeline: 1, stop: undefined });
      expect(formatLsn(label.startLsn)).toBe(started.rows[0]?.lsn);

      const name = readdirSync(join(server.dataDir, 'pg_wal')).find((file) => file.endsWith('.backup'));
      const history = parseBackupLabel(readFileSync(join(server.dataDir, 'pg_wal', name ?? ''), 'utf8'));
      expect(history).toEqual({ ...label, stop: expect.objectContaining({ timeline: 1 }) });
      expect(formatLsn(history.stop?.lsn ?? 0n)).toBe(stopped.rows[0]?.lsn);
    } finally {
      await session.end();
      await server.stop();
    }
  });
});
