import { randomInt } from 'node:crypto';
import { type ByteString, byteString } from '../../system/byte-string.ts';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const SUFFIX = 6;
const SUFFIXES = LETTERS.length ** SUFFIX;
/** The leading dot, the dot before the suffix, and the suffix. */
const ADDED = 2 + SUFFIX;
/** Odd and no multiple of 31, so that stepping by it comes to every suffix before it comes to one twice. */
const STEP = 7_654_321_987;

/** Random where the process begins and stepping on from there: asking for random numbers costs more than a file. */
let next = randomInt(2 ** 47) % SUFFIXES;

/** `.NAME.XXXXXX` as rsync(1) makes it, cut so that it is no longer than `nameMax` bytes, not inside a character. */
export function temporaryName(name: ByteString, nameMax: number): ByteString {
  let stem = name.startsWith('.') ? name.slice(1) : (name as string);
  if (stem.length > nameMax - ADDED) {
    let end = nameMax - ADDED;
    while (end > 0 && isContinuation(stem.charCodeAt(end))) end--;
    stem = stem.slice(0, end);
  }
  next = (next + STEP) % SUFFIXES;
  let suffix = '';
  for (let rest = next, i = 0; i < SUFFIX; i++) {
    suffix += LETTERS[rest % LETTERS.length];
    rest = Math.floor(rest / LETTERS.length);
  }
  return byteString(`.${stem}.${suffix}`);
}

/** Whether a byte goes on with a UTF-8 character that began before it. */
function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}
