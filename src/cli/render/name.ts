import { type ByteString, byteString, toText } from '../../system/byte-string.ts';

/**
 * A name as rsync shows it: bytes that cannot be shown as `\#ooo`, and so too the backslash of a name that holds this
 * very text, which keeps the result unambiguous.
 */
export function renderName(name: ByteString): string {
  return toText(name.includes('\\#') ? byteString(name.replace(/\\#(?=[0-9]{3})/g, '\\#134#')) : name);
}
