/**
 * Python literals as `repr()` writes them, which is how Barman keeps structured values in `backup.info`:
 * `None`, `True`, `16384`, `0.25`, `'text'`, `[...]`, `(...)`, `{'key': ...}`. Tuples and lists both become arrays;
 * numbers beyond 2^53 lose digits. Files of Barman under Python 2 also have `u'text'` and `16384L`.
 */
export type PythonValue =
  | null
  | boolean
  | number
  | string
  | readonly PythonValue[]
  | ReadonlyMap<string, PythonValue>;

/** What `parsePythonLiteral` throws; the caller knows the file and the field. */
export class PythonLiteralError extends Error {}

export function parsePythonLiteral(text: string): PythonValue {
  const parser = new Parser(text);
  const value = parser.value();
  parser.end();
  return value;
}

const WORDS: ReadonlyMap<string, PythonValue> = new Map([
  ['None', null],
  ['True', true],
  ['False', false],
]);
const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
  v: '\v',
  a: '\x07',
  '\n': '',
};
const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(): PythonValue {
    this.#blanks();
    const char = this.#text.charAt(this.#at);
    if (char === '[') return this.#items('[', ']');
    if (char === '(') return this.#items('(', ')');
    if (char === '{') return this.#dict();
    if (char === "'" || char === '"') return this.#string();
    if (/^[uU]['"]/.test(this.#text.slice(this.#at, this.#at + 2))) {
      this.#at += 1;
      return this.#string();
    }
    const [word] = /^[\w.+-]+/.exec(this.#text.slice(this.#at)) ?? this.#fail();
    this.#at += word.length;
    const named = WORDS.get(word);
    if (named !== undefined) return named;
    const number = /^[-+]?(\d+L?|\d+\.\d*(e[-+]?\d+)?|\d*\.\d+(e[-+]?\d+)?|\d+e[-+]?\d+)$/i.test(word);
    return number ? Number(word.replace(/L$/, '')) : this.#fail();
  }

  end(): void {
    this.#blanks();
    if (this.#at < this.#text.length) this.#fail();
  }

  #items(open: string, close: string): PythonValue[] {
    const items: PythonValue[] = [];
    this.#expect(open);
    while (!this.#take(close)) {
      items.push(this.value());
      if (!this.#take(',')) {
        this.#expect(close);
        break;
      }
    }
    return items;
  }

  #dict(): Map<string, PythonValue> {
    const entries = new Map<string, PythonValue>();
    this.#expect('{');
    while (!this.#take('}')) {
      const key = this.value();
      this.#expect(':');
      entries.set(String(key), this.value());
      if (!this.#take(',')) {
        this.#expect('}');
        break;
      }
    }
    return entries;
  }

  #string(): string {
    const quote = this.#text.charAt(this.#at);
    let text = '';
    for (this.#at += 1; this.#at < this.#text.length; ) {
      const char = this.#text.charAt(this.#at);
      this.#at += 1;
      if (char === quote) return text;
      text += char === '\\' ? this.#escape() : char;
    }
    return this.#fail();
  }

  #escape(): string {
    const char = this.#text.charAt(this.#at);
    this.#at += 1;
    const digits = HEX_DIGITS[char];
    if (digits === undefined) return ESCAPES[char] ?? (/[\\'"]/.test(char) ? char : `\\${char}`);
    const hex = this.#text.slice(this.#at, this.#at + digits);
    const code = /^[0-9a-f]+$/i.test(hex) && hex.length === digits ? Number.parseInt(hex, 16) : Number.NaN;
    if (!(code <= 0x10ffff)) this.#fail();
    this.#at += digits;
    return String.fromCodePoint(code);
  }

  #take(char: string): boolean {
    this.#blanks();
    const found = this.#text.charAt(this.#at) === char;
    if (found) this.#at += 1;
    return found;
  }

  #expect(char: string): void {
    if (!this.#take(char)) this.#fail();
  }

  #blanks(): void {
    while (/\s/.test(this.#text.charAt(this.#at))) this.#at += 1;
  }

  #fail(): never {
    throw new PythonLiteralError(`no Python value at character ${this.#at + 1}`);
  }
}
