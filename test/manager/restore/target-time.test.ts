import { describe, expect, it } from 'vitest';
import { formatMoment } from '../../../src/manager/catalogue/moment.ts';
import { parseTargetTime } from '../../../src/manager/restore/target-time.ts';

const now = new Date(2026, 10, 22, 15, 17, 47);
const parse = (text: string): string => formatMoment(parseTargetTime(text, now));

describe('a target time', () => {
  it.each([
    ['2026-11-22 15:17:47+00', '2026-11-22 15:17:47+00:00'],
    ['2026-11-22T15:17:47.123456Z', '2026-11-22 15:17:47.123456+00:00'],
    ['2026-11-22 15:17:47.5 +05:30', '2026-11-22 15:17:47.500000+05:30'],
    ['2026-11-22 15:17:47-0330', '2026-11-22 15:17:47-03:30'],
    ['20261122T151747Z', '2026-11-22 15:17:47+00:00'],
    ['2026-11-22 15:17 CET', '2026-11-22 15:17:00+01:00'],
    ['2026-07-22 15:17 Europe/Berlin', '2026-07-22 15:17:00+02:00'],
    ['2026-11-22 15:17 Europe/Berlin', '2026-11-22 15:17:00+01:00'],
    ['2026-11-22 15:17 America/New_York', '2026-11-22 15:17:00-05:00'],
    ['Sun Nov 22 15:17:47 2026 UTC', '2026-11-22 15:17:47+00:00'],
    ['Nov 22, 2026 3:17 PM EST', '2026-11-22 15:17:00-05:00'],
    ['22 November 2026 12:00 am GMT', '2026-11-22 00:00:00+00:00'],
    ['22-Nov-2026 15:17:47 Z', '2026-11-22 15:17:47+00:00'],
    ['11/22/2026 15:17:47 UTC', '2026-11-22 15:17:47+00:00'],
    ['22.11.2026 15:17:47 UTC', '2026-11-22 15:17:47+00:00'],
    ['2026-11-22 UTC', '2026-11-22 00:00:00+00:00'],
    ['@1795360667.25', '2026-11-22 15:17:47.250000+00:00'],
    ['epoch', '1970-01-01 00:00:00+00:00'],
    ['yesterday 10:00 UTC', '2026-11-21 10:00:00+00:00'],
    // Left out where summer time begins.
    ['2026-03-29 02:30 Europe/Berlin', '2026-03-29 02:30:00+01:00'],
    ['2026-03-08 02:30 America/New_York', '2026-03-08 02:30:00-05:00'],
    ['2026-03-08 03:00 America/New_York', '2026-03-08 03:00:00-04:00'],
    ['2026-11-01 00:59:59 America/New_York', '2026-11-01 00:59:59-04:00'],
    ['2026-11-01 02:00 America/New_York', '2026-11-01 02:00:00-05:00'],
  ])('%s', (text, expected) => {
    expect(parse(text)).toBe(expected);
  });

  it('without a zone is this host’s', () => {
    expect(parseTargetTime('2026-11-22 15:17:47', now).epoch).toBe(now.getTime() * 1000);
    expect(parseTargetTime('2026-07-22 15:17', now).epoch).toBe(
      new Date(2026, 6, 22, 15, 17).getTime() * 1000,
    );
    expect(parseTargetTime('now', now).epoch).toBe(now.getTime() * 1000);
  });

  it.each(['Europe/Berlin', 'America/New_York'])('is this host’s at the changes of %s, too', (zone) => {
    const before = process.env['TZ'];
    process.env['TZ'] = zone;
    try {
      const gap = zone === 'Europe/Berlin' ? '2026-03-29 02:30:00' : '2026-03-08 02:30:00';
      expect(parse(gap)).toBe(parse(`${gap} ${zone}`));
      expect(() => parse(zone === 'Europe/Berlin' ? '2026-10-25 02:30' : '2026-11-01 01:30')).toThrow(
        'twice',
      );
    } finally {
      if (before === undefined) delete process.env['TZ'];
      else process.env['TZ'] = before;
    }
  });

  it.each([
    ['2026-10-25 02:30 Europe/Berlin', '+02:00 or +01:00'],
    ['2026-11-01 01:30 America/New_York', '-04:00 or -05:00'],
  ])('that the clock showed twice needs an offset: %s', (text, offsets) => {
    expect(() => parse(text)).toThrow(`give the offset, ${offsets}`);
    expect(parse(text.replace(/ \S+$/, '-01'))).toContain('-01:00');
  });

  it.each(['UTC+2', 'GMT-0230'])(
    'behind %s, which is not the same for all, needs an offset alone',
    (zone) => {
      expect(() => parse(`2026-11-22 15:17:47 ${zone}`)).toThrow(`write +${zone.slice(4)} for east or`);
      expect(() => parse(`2026-11-22 15:17:47${zone}`)).toThrow('of Greenwich');
    },
  );

  it.each([
    '',
    '@999999999999999',
    'soon',
    '15:17',
    '2026-02-30 10:00',
    '2026-13-01',
    '2026-11-22 25:00',
    '2026-11-22 10:61',
    '2026-11-22 10:00 Nowhere/Land',
    '2026-11-22 10:00 XYZT',
    '2026-11-22 10:00 UTC UTC',
    '2026-11-22 2026-11-23',
    'infinity',
  ])('is not %j', (text) => {
    expect(() => parseTargetTime(text, now)).toThrow(/--target-time/);
  });
});
