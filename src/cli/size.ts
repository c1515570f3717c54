import { failure } from '../system/errors.ts';

const POWER = ['b', 'k', 'm', 'g', 't', 'p'];

/**
 * rsync's notation of sizes, in bytes: a number, also with a fraction, and a unit without regard to case: `K` or `KiB` is
 * 1024, `KB` is 1000, likewise M, G, T, P; `B` is one byte. `+1` or `-1` at the end moves the result by a byte.
 * Undefined where the text is none.
 */
export function parseSize(text: string, defaultUnit: string): number | undefined {
  const [, digits = '', unit = '', step = '0'] =
    /^(\d+(?:\.\d*)?|\.\d+)(b|[kmgtp](?:i?b)?)?([+-]1)?$/i.exec(text) ?? [];
  if (digits === '') return undefined;
  const [letter = '', ...suffix] = (unit || defaultUnit).toLowerCase();
  const base = suffix.length === 1 ? 1000 : 1024;
  return Math.floor(Number(digits) * base ** POWER.indexOf(letter)) + Number(step);
}

/** The value of `--bwlimit`: bytes a second, a multiple of 1024; without unit in KiB; 0 is no limit. */
export function parseRate(text: string): number {
  const size = parseSize(text, 'k');
  if (size === undefined || size < 0 || (size > 0 && size < 512))
    throw failure('USAGE', {
      detail: `--bwlimit=${text}: a rate is a number with a unit, as in 500K, 1.5m or 2GB (KiB a second without unit; 0 for no limit; at least 512B)`,
    });
  return Math.floor((size + 512) / 1024) * 1024;
}
