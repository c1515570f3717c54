import { describe, expect, it } from 'vitest';
import { newBackupId } from '../../../src/manager/catalogue/backup-id.ts';
import { formatCtime, formatMoment, parseMoment } from '../../../src/manager/catalogue/moment.ts';

describe('moments', () => {
  it.each([
    '2026-11-22 15:17:47.343285+00:00',
    '2026-11-22 15:17:47+02:00',
    '2026-11-22 15:17:47.000001-03:30',
    '1999-12-31 23:59:59.999999+05:45',
  ])('%s is read and written alike', (text) => {
    const moment = parseMoment(text);
    expect(moment && formatMoment(moment)).toBe(text);
  });

  it('keeps the microseconds apart from the offset', () => {
    expect(parseMoment('1970-01-01 01:00:00.000007+01:00')).toEqual({ epoch: 7, offset: 60 });
    expect(parseMoment('1970-01-01T00:00:01Z')).toEqual({ epoch: 1_000_000, offset: 0 });
  });

  it('takes a time without offset, and that of Barman 1, as local', () => {
    const local = new Date(2015, 4, 3, 10, 11, 12).getTime() * 1000;
    expect(parseMoment('2015-05-03 10:11:12')?.epoch).toBe(local);
    expect(parseMoment('Sun May  3 10:11:12 2015')?.epoch).toBe(local);
  });

  it('refuses everything else', () => {
    for (const text of ['', 'yesterday', '2026-13-01 00:00:00', '2026-11-22', '2026-11-22 25:00:00']) {
      expect(parseMoment(text), text).toBeUndefined();
    }
  });

  it('shows the time in its own offset', () => {
    const moment = parseMoment('2026-11-09 00:30:00.5+02:00');
    expect(moment && formatCtime(moment)).toBe('Mon Nov  9 00:30:00 2026');
  });
});

describe('newBackupId', () => {
  it('is the local time, and never repeats or goes back', () => {
    const now = new Date(2026, 10, 22, 15, 17, 51);
    expect(newBackupId(now, undefined)).toBe('20261122T151751');
    expect(newBackupId(now, '20261122T151750')).toBe('20261122T151751');
    expect(newBackupId(now, '20261122T151751')).toBe('20261122T151752');
    expect(newBackupId(now, '20261231T235959')).toBe('20270101T000000');
  });
});
