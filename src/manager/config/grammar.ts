import { formatInterval, type IntervalHours, parseInterval } from './interval.ts';
import { parseSize } from './size.ts';

/**
 * What an option's text may be. `undefined` from `parse` means "not in this grammar"; the option is then left at what it
 * would be without the line, and a warning says `allowed`.
 */
export interface Grammar<T> {
  /** Completes the sentence "allowed is …", and stands in the documentation. */
  readonly allowed: string;
  /**
   * What an empty value does, as Barman has it: `unset` also hides a value in `[barman]`, `inherit` does not,
   * `refused` is a bad value.
   */
  readonly empty: 'unset' | 'inherit' | 'refused';
  parse(text: string): T | undefined;
  /** As `show-servers` prints it, which is Python's way. */
  show(value: T): string;
}

const asString = (value: unknown): string => String(value);

function grammar<T>(
  allowed: string,
  empty: Grammar<T>['empty'],
  parse: (text: string) => T | undefined,
  show: (value: T) => string = asString,
): Grammar<T> {
  return { allowed, empty, parse, show };
}

export const text = grammar('any text', 'unset', (value) => value);
export const path = grammar('a path', 'unset', (value) => value);
export const absolutePath = grammar('an absolute path', 'unset', (value) =>
  value.startsWith('/') ? value : undefined,
);
export const shellCommand = grammar('a shell command', 'unset', (value) => value);

const TRUE = /^(true|t|yes|1|on)$/i;
const FALSE = /^(false|f|no|0|off)$/i;

export const boolean = grammar<boolean>(
  'true, t, yes, 1, on, or false, f, no, 0, off',
  'refused',
  (value) => (TRUE.test(value) ? true : FALSE.test(value) ? false : undefined),
  (value) => (value ? 'True' : 'False'),
);

/** Both ends included. */
export function integer(allowed: string, least = 0, most = Number.MAX_SAFE_INTEGER): Grammar<number> {
  return grammar(allowed, 'refused', (value) => {
    const number = /^[+-]?\d+$/.test(value.trim()) ? Number(value) : Number.NaN;
    return number >= least && number <= most ? number : undefined;
  });
}

/** Barman reads some numbers without a grammar of their own; an empty one unsets them. */
export function integerOrNothing(allowed: string, least = 0): Grammar<number> {
  return { ...integer(allowed, least), empty: 'unset' };
}

export const count = integer('a whole number from 0');
export const seconds = integer('a whole number of seconds');

export function oneOf<const W extends string>(...words: readonly W[]): Grammar<W> {
  return grammar(words.join(', '), 'refused', (value) =>
    words.find((word) => word === value.trim().toLowerCase()),
  );
}

/** A comma list of words without order; `exclusive` names words of which only one may stand. */
export function words<const W extends string>(
  shownAs: string,
  known: readonly W[],
  exclusive: readonly W[] = [],
): Grammar<ReadonlySet<W>> {
  const rule = exclusive.length > 0 ? ` (not both ${exclusive.join(' and ')})` : '';
  return grammar(
    `a comma list of ${known.join(', ')}${rule}`,
    'unset',
    (value) => {
      const found = new Set<W>();
      for (const item of value.split(',').map((part) => part.trim().toLowerCase())) {
        const word = known.find((candidate) => candidate === item);
        if (word === undefined) return undefined;
        found.add(word);
      }
      return exclusive.filter((word) => found.has(word)).length > 1 ? undefined : found;
    },
    (value) =>
      value.size === 0
        ? `${shownAs}()`
        : `${shownAs}({${[...value]
            .sort()
            .map((word) => `'${word}'`)
            .join(', ')}})`,
  );
}

export const commaList = grammar<readonly string[]>(
  'a comma list of names',
  'unset',
  (value) => value.split(',').map((part) => part.trim()),
  (value) => `[${value.map((part) => `'${part}'`).join(', ')}]`,
);

export const interval = grammar<IntervalHours>(
  'a number of hours, days, weeks or months, like "7 days"',
  'inherit',
  parseInterval,
  formatInterval,
);

export const size = grammar(
  'a number of bytes, optionally with k, Ki, M, Mi, G, Gi, T or Ti',
  'inherit',
  parseSize,
);

export const slotName = grammar('lower case letters, digits and underscores', 'refused', (value) => {
  const name = value.trim().toLowerCase();
  return /^[0-9a-z_]+$/.test(name) ? name : undefined;
});

export const compressionLevel = grammar<'low' | 'medium' | 'high' | number>(
  'low, medium, high, or a whole number',
  'refused',
  (value) => {
    const word = value.trim().toLowerCase();
    if (word === 'low' || word === 'medium' || word === 'high') return word;
    return /^[+-]?\d+$/.test(word) ? Number(word) : undefined;
  },
);

export const tablespaceLimits = grammar<ReadonlyMap<string, number>>(
  'pairs of tablespace and KB per second, like "hot:4000 cold:500"',
  'unset',
  (value) => {
    const limits = new Map<string, number>();
    for (const pair of value.split(/\s+/).filter((part) => part !== '')) {
      const [, name, limit] = /^(.+):(\d+)$/.exec(pair) ?? [];
      if (name === undefined) return undefined;
      limits.set(name, Number(limit));
    }
    return limits;
  },
  (value) => `{${[...value].map(([name, limit]) => `'${name}': ${limit}`).join(', ')}}`,
);
