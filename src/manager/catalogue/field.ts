import { formatMoment, type Moment, parseMoment } from './moment.ts';
import { PythonLiteralError, type PythonValue, parsePythonLiteral } from './python-literal.ts';
import { reprFloat, reprList, reprString, reprTuple } from './python-repr.ts';

/** How a field of `backup.info` is read and written; null, which is `None`, is dealt with before. */
export interface Field<T> {
  /** Undefined for a text that is no such value. */
  parse(text: string): T | undefined;
  format(value: T): string;
}

export interface Tablespace {
  readonly name: string;
  readonly oid: number;
  readonly location: string;
}

/** Seconds, by the name of what was copied. */
export type CopyStatistics = ReadonlyMap<string, number | ReadonlyMap<string, number>>;

export const text: Field<string> = {
  parse: (value) => value,
  format: (value) => value.replaceAll('\n', ' '),
};

export const integer: Field<number> = {
  parse: (value) => (/^\d+$/.test(value) && Number.isSafeInteger(Number(value)) ? Number(value) : undefined),
  format: String,
};

export const moment: Field<Moment> = { parse: parseMoment, format: formatMoment };

export function oneOf<const W extends string>(...words: readonly W[]): Field<W> {
  return { parse: (value) => words.find((word) => word === value), format: (value) => value };
}

/** `20261122T151747,20261123T151747` */
export const idList: Field<readonly string[]> = {
  parse: (value) => value.split(',').map((id) => id.trim()),
  format: (value) => value.join(','),
};

function literal<T>(pick: (value: PythonValue) => T | undefined, format: (value: T) => string): Field<T> {
  const parse = (value: string): T | undefined => {
    try {
      return pick(parsePythonLiteral(value));
    } catch (error) {
      if (error instanceof PythonLiteralError) return undefined;
      throw error;
    }
  };
  return { parse, format };
}

const isArray = (value: PythonValue | undefined): value is readonly PythonValue[] => Array.isArray(value);

/** A text with line ends, as `'first\nsecond\n'`. */
export const quotedText = literal((value) => (typeof value === 'string' ? value : undefined), reprString);

export const textList = literal<readonly string[]>(
  (value) => (isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined),
  (value) => reprList(value.map(reprString)),
);

/** `[('name', 16384, '/location')]` */
export const tablespaceList = literal<readonly Tablespace[]>(
  (value) => {
    if (!isArray(value)) return undefined;
    const found: Tablespace[] = [];
    for (const item of value) {
      const [name, oid, location] = isArray(item) ? item : [];
      if (typeof name !== 'string' || typeof location !== 'string') return undefined;
      if (!Number.isSafeInteger(Number(oid))) return undefined;
      found.push({ name, oid: Number(oid), location });
    }
    return found;
  },
  (value) =>
    reprList(
      value.map(({ name, oid, location }) =>
        reprTuple([reprString(name), String(oid), reprString(location)]),
      ),
    ),
);

const isNumberMap = (value: PythonValue): value is ReadonlyMap<string, number> =>
  value instanceof Map && [...value.values()].every((item) => typeof item === 'number');

/** Only `number_of_workers` is a whole number. */
const statistic = (key: string, value: number): string =>
  key === 'number_of_workers' ? String(value) : reprFloat(value);

const dict = (entries: Iterable<readonly [string, string]>): string =>
  `{${[...entries].map(([key, value]) => `${reprString(key)}: ${value}`).join(', ')}}`;

export const copyStatistics = literal<CopyStatistics>(
  (value) => {
    if (!(value instanceof Map)) return undefined;
    const found = new Map<string, number | ReadonlyMap<string, number>>();
    for (const [key, item] of value) {
      // Barman leaves None where nothing was measured.
      if (item === null) continue;
      if (typeof item !== 'number' && !isNumberMap(item)) return undefined;
      found.set(key, item);
    }
    return found;
  },
  (value) =>
    dict(
      [...value].map(([key, item]) => [
        key,
        typeof item === 'number'
          ? statistic(key, item)
          : dict([...item].map(([label, seconds]) => [label, reprFloat(seconds)])),
      ]),
    ),
);
