import { byteClass } from './byte-class.ts';

/** A wildcard pattern as the source of a regular expression over bytes, or undefined where it can match nothing. */
export interface Wildcards {
  readonly source: string;
  /** A slash stands inside a class, where it counts as one of the pattern's slashes and matches none. */
  readonly slashInClass: boolean;
}

const ANY = '[^]*';
const ANY_BUT_SLASH = '[^/]*';
const SPECIAL = /[\\^$.*+?()[\]{}|/]/;

const literal = (byte: string): string => (SPECIAL.test(byte) ? `\\${byte}` : byte);

/**
 * Translates rsync's wildcards: `*` any bytes but `/`, `**` any bytes, `?` one byte but `/`, `[...]` a class of bytes, a
 * backslash before whatever stands for itself.
 */
export function translateWildcards(pattern: string): Wildcards | undefined {
  let source = '';
  let slashInClass = false;
  let at = 0;
  while (at < pattern.length) {
    const byte = pattern.charAt(at);
    if (byte === '*') {
      const end = endOfStars(pattern, at);
      source += end - at > 1 ? ANY : ANY_BUT_SLASH;
      at = end;
    } else if (byte === '?') {
      source += '[^/]';
      at += 1;
    } else if (byte === '[') {
      const found = byteClass(pattern, at);
      if (!found) return undefined;
      source += found.source;
      slashInClass ||= pattern.slice(at, found.end).includes('/');
      at = found.end;
    } else {
      if (byte === '\\') at += 1;
      if (at === pattern.length) return undefined;
      source += literal(pattern.charAt(at));
      at += 1;
    }
  }
  return { source, slashInClass };
}

export function endOfStars(pattern: string, start: number): number {
  let end = start;
  while (pattern.charAt(end) === '*') end += 1;
  return end;
}
