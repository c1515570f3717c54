import { randomInt } from 'node:crypto';
import { type ByteString, byteString } from '../../system/byte-string.ts';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** The leading dot, the dot before the suffix, and the suffix. */
const ADDED = 8;

/** `.NAME.XXXXXX` as rsync(1) makes it, cut so that it is no longer than `nameMax` bytes, not inside a character. */
export function temporaryName(name: ByteString, nameMax: number): ByteString {
  let stem = name.startsWith('.') ? name.slice(1) : (name as string);
  if (stem.length > nameMax - ADDED) {
    let end = nameMax - ADDED;
    while (end > 0 && isContinuation(stem.charCodeAt(end))) end--;
    stem = stem.slice(0, end);
  }
  let suffix = '';
  for (let i = 0; i < 6; i++) suffix += LETTERS[randomInt(LETTERS.length)];
  return byteString(`.${stem}.${suffix}`);
}

/** Whether a byte goes on with a UTF-8 character that began before it. */
function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}
