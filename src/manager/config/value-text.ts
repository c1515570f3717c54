/** Opening quote to closing quote. The typographic ones come in by copying from web pages and word processors. */
const PAIRS: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  '“': '”',
  '”': '”',
  '„': '“',
  '‘': '’',
  '’': '’',
  '«': '»',
};

/** Removes one pair of quotes around the whole of a one-line value. */
export function unquote(text: string): string {
  const closing = PAIRS[text.charAt(0)];
  const quoted = text.length > 1 && closing !== undefined && text.endsWith(closing) && !text.includes('\n');
  return quoted ? text.slice(1, -1) : text;
}

/** The literal `None` says the same as nothing at all. */
export function withoutNone(text: string): string {
  return text === 'None' ? '' : text;
}
