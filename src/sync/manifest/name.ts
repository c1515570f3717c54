import { type ByteString, byteString } from '../../system/byte-string.ts';

const NEEDS_CARE = /[^\x20-\x5b\x5d-\x7e]/;
/** A well-formed UTF-8 character that is no C1 control (RFC 3629, section 4), or else one byte to escape. */
const CHARACTER_OR_BYTE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: bytes are what is looked for.
  /\xc2[\xa0-\xbf]|[\xc3-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|[\x00-\x1f\x5c\x7f-\xff]/g;

const escapeByte = (byte: string): string => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`;

/** A name as it stands in a manifest: bytes, one to a character, none of them a control character. */
export function escapeName(name: ByteString): string {
  if (!NEEDS_CARE.test(name)) return name;
  return name.replace(CHARACTER_OR_BYTE, (found) => (found.length > 1 ? found : escapeByte(found)));
}

/** The name of a symbolic link, in which no arrow may be found. */
export function escapeLinkName(name: ByteString): string {
  return escapeName(name).replaceAll('>', escapeByte('>'));
}

/** Reverses both; undefined where a backslash begins no escape. */
export function unescapeName(text: string): ByteString | undefined {
  if (!text.includes('\\')) return byteString(text);
  if (/\\(?!x[0-9a-f]{2})/.test(text)) return undefined;
  return byteString(
    text.replace(/\\x(..)/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16))),
  );
}
