import { describe, expect, it } from 'vitest';
import { InterpolationError, interpolate } from '../../../src/manager/config/interpolation.ts';
import { formatInterval, parseInterval } from '../../../src/manager/config/interval.ts';
import { parseSize } from '../../../src/manager/config/size.ts';
import { unquote } from '../../../src/manager/config/value-text.ts';

describe('interpolate', () => {
  const keys: Readonly<Record<string, string>> = { home: '/srv', dir: '%(home)s/x', a: '%(b)s', b: '%(a)s' };
  const lookup = (key: string) => keys[key];

  it('fills in references, also within references, whatever their case', () => {
    expect(interpolate('%(dir)s/y-%(HOME)s', lookup)).toBe('/srv/x/y-/srv');
  });

  it.each([
    ['50%', '50%'],
    ['50%%', '50%'],
    ['50%%%%', '50%'],
    ['date +%Y', 'date +%Y'],
    ['%%(home)s', '%(home)s'],
  ])('reads %s as both ages of Barman write it', (text, value) => {
    expect(interpolate(text, lookup)).toBe(value);
  });

  it('refuses unknown keys and circles', () => {
    expect(() => interpolate('%(nobody)s', lookup)).toThrow(InterpolationError);
    expect(() => interpolate('%(a)s', lookup)).toThrow('circle');
  });
});

describe('unquote', () => {
  it.each([
    ['"a b"', 'a b'],
    ["'a b'", 'a b'],
    ['“a b”', 'a b'],
    ['‘a’', 'a'],
    ['„a“', 'a'],
    ['"a" "b"', 'a" "b'],
    ['"a', '"a'],
    ['"', '"'],
    [`"a'`, `"a'`],
    ['"a\nb"', '"a\nb"'],
    ['x "a"', 'x "a"'],
  ])('%s', (text, value) => {
    expect(unquote(text)).toBe(value);
  });
});

describe('intervals and sizes', () => {
  it('reads intervals in hours, a month being 31 days', () => {
    expect(parseInterval('7 days')).toBe(168);
    expect(parseInterval(' 1  Hour ')).toBe(1);
    expect(parseInterval('2 MONTHS')).toBe(2 * 31 * 24);
    expect(parseInterval('7days')).toBeUndefined();
    expect(parseInterval('7 minutes')).toBeUndefined();
  });

  it('prints them as Python does', () => {
    expect([1, 24, 26, 168].map(formatInterval)).toEqual([
      '1:00:00',
      '1 day, 0:00:00',
      '1 day, 2:00:00',
      '7 days, 0:00:00',
    ]);
  });

  it('tells k from Ki, and knows no other spelling', () => {
    expect(parseSize('1k')).toBe(1000);
    expect(parseSize('1 Ki')).toBe(1024);
    expect(parseSize('12')).toBe(12);
    expect(parseSize('3 Ti')).toBe(3 * 2 ** 40);
    expect(parseSize('1 K')).toBeUndefined();
    expect(parseSize('1GB')).toBeUndefined();
  });
});
