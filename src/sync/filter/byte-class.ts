/** The POSIX classes in the C locale: no byte above ASCII belongs to any of them. */
const NAMED: Readonly<Record<string, RegExp>> = {
  alnum: /[0-9A-Za-z]/,
  alpha: /[A-Za-z]/,
  blank: /[ \t]/,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the class of control characters.
  cntrl: /[\x00-\x1f\x7f]/,
  digit: /[0-9]/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[ \t-\r]/,
  upper: /[A-Z]/,
  xdigit: /[0-9A-Fa-f]/,
};

/**
 * The class that opens with the `[` at `start`, as a regular expression's class, and the place behind its `]`. No class
 * matches a slash. Undefined for one that does not end, or names a class there is not: the pattern then matches nothing.
 */
export function byteClass(
  pattern: string,
  start: number,
): { readonly source: string; readonly end: number } | undefined {
  const members = new Set<number>();
  let at = start + 1;
  const negated = pattern.charAt(at) === '!' || pattern.charAt(at) === '^';
  if (negated) at += 1;
  // A `]` that stands first is a member; a `-` makes a range only behind a single byte.
  let previous: number | undefined;
  for (let first = true; first || pattern.charAt(at) !== ']'; first = false) {
    if (at >= pattern.length) return undefined;
    const byte = pattern.charAt(at);
    const next = pattern.charAt(at + 1);
    if (byte === '-' && previous !== undefined && next !== '' && next !== ']') {
      at += next === '\\' ? 2 : 1;
      if (at >= pattern.length) return undefined;
      for (let code = previous; code <= pattern.charCodeAt(at); code += 1) members.add(code);
      previous = undefined;
    } else if (byte === '[' && next === ':') {
      const end = pattern.indexOf(']', at + 2);
      if (end < 0) return undefined;
      if (end > at + 2 && pattern.charAt(end - 1) === ':') {
        const named = NAMED[pattern.slice(at + 2, end - 1)];
        if (!named) return undefined;
        for (let code = 0; code < 128; code += 1)
          if (named.test(String.fromCharCode(code))) members.add(code);
        at = end;
        previous = undefined;
      } else {
        previous = 0x5b;
        members.add(previous);
      }
    } else {
      if (byte === '\\') at += 1;
      if (at >= pattern.length) return undefined;
      previous = pattern.charCodeAt(at);
      members.add(previous);
    }
    at += 1;
  }
  return { source: regexClass(members, negated), end: at + 1 };
}

function regexClass(members: ReadonlySet<number>, negated: boolean): string {
  const slash = 0x2f;
  const codes = [...members].filter((code) => code !== slash);
  if (negated) codes.push(slash);
  return `[${negated ? '^' : ''}${codes.map((code) => `\\x${code.toString(16).padStart(2, '0')}`).join('')}]`;
}
