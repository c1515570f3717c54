import type { RelPath } from '../entry.ts';
import { endOfStars, translateWildcards } from './wildcards.ts';

export type Matcher = (path: RelPath, directory: boolean) => boolean;

const never: Matcher = () => false;

/**
 * Compiles one of rsync's patterns. A trailing slash asks for a directory, a leading one anchors the pattern at the root
 * of the transfer. Without an anchor, a pattern has to match the end of the path from the beginning of some component.
 * A trailing `/***` is the directory and all within. Bytes are compared, not characters: `?` is one byte.
 */
export function compilePattern(pattern: string): Matcher {
  const directoryOnly = pattern.length > 1 && pattern.endsWith('/');
  const stem = directoryOnly ? pattern.slice(0, -1) : pattern;
  const matcher = /[*?[]/.test(stem) ? compileWildcards(stem) : compileLiteral(stem);
  return directoryOnly ? (path, directory) => directory && matcher(path, directory) : matcher;
}

/** Without a wildcard even a backslash stands for itself. */
function compileLiteral(pattern: string): Matcher {
  if (pattern.startsWith('/')) {
    const whole = pattern.slice(1);
    return (path) => path === whole;
  }
  const tail = `/${pattern}`;
  return (path) => path === pattern || path.endsWith(tail);
}

function compileWildcards(pattern: string): Matcher {
  const anchored = pattern.startsWith('/');
  const deep = pattern.includes('**');
  const { start, rest } = anchored ? { start: '^', rest: pattern.slice(1) } : unanchored(pattern);
  const translated = translateWildcards(rest);
  if (!translated) return never;
  // The pattern's slashes say how many components it takes; one inside a class is counted too and then missing.
  if (translated.slashInClass && !anchored && !deep) return never;

  const expression = new RegExp(`${start}${translated.source}$`);
  if (deep && pattern.endsWith('***'))
    return (path, directory) => expression.test(directory ? `${path}/` : path);
  return (path) => expression.test(path);
}

/** A pattern that begins with `**` + `/` also matches what stands at the root. */
function unanchored(pattern: string): { readonly start: string; readonly rest: string } {
  const stars = endOfStars(pattern, 0);
  return stars >= 2 && pattern.charAt(stars) === '/'
    ? { start: '^(?:[^]*/)?', rest: pattern.slice(stars + 1) }
    : { start: '(?:^|/)', rest: pattern };
}
