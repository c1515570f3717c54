/** A value as Python's `json.dumps(value, sort_keys=True)` writes it, which is what reads Barman's output today. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };

export function pythonJson(value: Json | undefined): string {
  if (Array.isArray(value)) return `[${value.map((item: Json) => pythonJson(item)).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, item]) => `${ascii(key)}: ${pythonJson(item)}`).join(', ')}}`;
  }
  return typeof value === 'string' ? ascii(value) : JSON.stringify(value ?? null);
}

/** The same over many lines, as `json.dumps(value, indent=4)` writes it. */
export function indentedJson(value: Json, { sorted }: { readonly sorted: boolean }): string {
  return escaped(JSON.stringify(sorted ? inOrder(value) : value, undefined, 4));
}

function inOrder(value: Json): Json {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, item === undefined ? item : inOrder(item)]));
}

/** Everything beyond ASCII as `\uXXXX`. */
const escaped = (json: string): string =>
  json.replace(/[\x7f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

const ascii = (text: string): string => escaped(JSON.stringify(text));
