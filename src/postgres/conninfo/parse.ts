import { checkParameter, conninfoError, type Parameters } from './parameters.ts';
import { isConninfoUri, parseConninfoUri } from './parse-uri.ts';

/**
 * A connection string as libpq takes it: a URI, or `keyword = value` pairs, where a value with blanks stands in single
 * quotes and a backslash takes the next character as it is. CONNINFO; its sentence never holds a value.
 */
export function parseConninfo(text: string): Parameters {
  return isConninfoUri(text) ? parseConninfoUri(text) : parsePairs(text);
}

const NAME = /\s*([^\s=]+)\s*(=?)\s*/y;
const QUOTED = /'((?:\\[\s\S]|[^\\'])*)'/y;
const PLAIN = /(?:\\[\s\S]?|[^\s\\])*/y;

function parsePairs(text: string): Parameters {
  const parameters = new Map<string, string>();
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(text) ?? undefined;
    if (match !== undefined) at = pattern.lastIndex;
    return match;
  };
  while (text.slice(at).trim() !== '') {
    const where = `parameter ${parameters.size + 1}`;
    const [, name, equals] = take(NAME) ?? [];
    if (name === undefined || equals !== '=') {
      throw conninfoError(`${where} has no "=" (a value with blanks needs single quotes)`);
    }
    const value = text[at] === "'" ? take(QUOTED)?.[1] : take(PLAIN)?.[0];
    if (value === undefined) throw conninfoError(`the quoted value of ${where} has no end`);
    const unescaped = value.replace(/\\([\s\S]?)/g, '$1');
    checkParameter(name, unescaped, where);
    parameters.set(name, unescaped);
  }
  return parameters;
}
