/**
 * File names are bytes, not text: POSIX forbids only `/` and NUL in them. A ByteString holds such bytes one to a
 * character (Latin-1), so that comparing two of them with `<` compares raw bytes, a Map can key on them, and an ASCII
 * name costs nothing to convert.
 */
declare const bytes: unique symbol;
export type ByteString = string & { readonly [bytes]: true };

/** The type's one way in for strings that already hold one byte a character. */
export function byteString(latin1: string): ByteString {
  return latin1 as ByteString;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the whole ASCII range is meant.
const NOT_ASCII = /[^\x00-\x7f]/;

/** Text (argv, configuration, JSON) to bytes, as UTF-8. */
export function fromText(text: string): ByteString {
  return byteString(NOT_ASCII.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text);
}

export function fromBuffer(buffer: Buffer): ByteString {
  return byteString(buffer.toString('latin1'));
}

export function toBuffer(value: ByteString): Buffer {
  return Buffer.from(value, 'latin1');
}

/** Its bytes are its characters for everybody, `node:fs` too. */
export const isAscii = (value: ByteString): boolean => !NOT_ASCII.test(value);

/** What `node:fs` wants: a plain string where every byte is ASCII, the bytes otherwise. */
export function toFsPath(value: ByteString): string | Buffer {
  return NOT_ASCII.test(value) ? Buffer.from(value, 'latin1') : value;
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const CONTROL = /[\x00-\x1f\x7f-\x9f]/g;

const octal = (byte: number): string => `\\#${byte.toString(8).padStart(3, '0')}`;

/**
 * For people: UTF-8 decoded, with control characters and undecodable bytes as `\#ooo` (octal), as rsync shows them, so
 * that no name can drive a terminal or forge a line.
 */
export function toText(value: ByteString): string {
  if (!NOT_ASCII.test(value)) return value.replace(CONTROL, (c) => octal(c.charCodeAt(0)));
  try {
    const text = strictUtf8.decode(toBuffer(value));
    return text.replace(CONTROL, (c) => [...Buffer.from(c, 'utf8')].map((byte) => octal(byte)).join(''));
  } catch {
    return value.replace(/[^\x20-\x7e]/g, (c) => octal(c.charCodeAt(0)));
  }
}
