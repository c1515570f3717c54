import { type CellarmanError, failure } from '../../system/errors.ts';

const SPACE = 0x20;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
/** Up to this many digits every step of the sum below is exact. */
const EXACT_DIGITS = 15;

/**
 * Reads the lines of a block and the fields of a line in place: nothing is cut out but what the caller keeps.
 * Every field but the last ends with one space. Anything unexpected throws MANIFEST_DAMAGED with the number of the line.
 */
export class Fields {
  private readonly path: string;
  /** The same twice: numbers are read faster from bytes, and names are cut from text. */
  private bytes: Buffer = Buffer.alloc(0);
  private text = '';
  private at = 0;
  private end = 0;
  private line = 0;

  constructor(path: string) {
    this.path = path;
  }

  /** Goes on with a block of whole lines. */
  feed(block: Buffer): void {
    this.bytes = block;
    this.text = block.toString('latin1');
    this.at = 0;
    this.end = -1;
  }

  /** Steps to the next line; false at the end of the block. */
  nextLine(): boolean {
    this.at = this.end + 1;
    if (this.at >= this.text.length) return false;
    this.end = this.text.indexOf('\n', this.at);
    this.line++;
    return true;
  }

  /** Where the line begins, counted from the beginning of the block. Before any field was read. */
  get start(): number {
    return this.at;
  }

  get isEmpty(): boolean {
    return this.at === this.end;
  }

  fail(detail: string): CellarmanError {
    return failure('MANIFEST_DAMAGED', { path: this.path, detail: `line ${this.line}: ${detail}` });
  }

  /** All that is left of the line. */
  rest(): string {
    return this.text.slice(this.at, this.end);
  }

  word(): string {
    const stop = this.text.indexOf(' ', this.at);
    if (stop <= this.at || stop >= this.end) throw this.fail('a field is missing');
    const word = this.text.slice(this.at, stop);
    this.at = stop + 1;
    return word;
  }

  /** A field of one character, as its code. */
  letter(): number | undefined {
    const code = this.bytes[this.at++];
    this.pass(SPACE);
    return code;
  }

  octal(): number {
    const value = this.digits(8);
    this.pass(SPACE);
    return value;
  }

  decimal(): number {
    const value = this.digits(10);
    this.pass(SPACE);
    return value;
  }

  /** Seconds with six decimals, as microseconds. */
  time(): number {
    const value = this.microseconds();
    this.pass(SPACE);
    return value;
  }

  /** True, and passed over, where the field is `-`. */
  unknown(): boolean {
    if (this.bytes[this.at] !== MINUS || this.bytes[this.at + 1] !== SPACE) return false;
    this.at += 2;
    return true;
  }

  /** `device:inode:links:ctime` */
  identity(): { device: number; inode: number; links: number; changed: number } {
    const device = this.digits(10);
    this.pass(0x3a);
    const inode = this.digits(10);
    this.pass(0x3a);
    const links = this.digits(10);
    this.pass(0x3a);
    return { device, inode, links, changed: this.time() };
  }

  private microseconds(): number {
    const negative = this.bytes[this.at] === MINUS;
    if (negative) this.at++;
    const seconds = this.digits(10);
    this.pass(POINT);
    const begin = this.at;
    const fraction = this.digits(10);
    if (this.at !== begin + 6) throw this.fail('a time without six decimals');
    const value = seconds * 1_000_000 + fraction;
    return negative ? -value : value;
  }

  private digits(radix: number): number {
    const { bytes } = this;
    const begin = this.at;
    let value = 0;
    let at = begin;
    for (; ; at++) {
      const digit = (bytes[at] ?? 0) - ZERO;
      if (digit < 0 || digit >= radix) break;
      value = value * radix + digit;
    }
    if (at === begin) throw this.fail('a number is missing');
    this.at = at;
    return at - begin > EXACT_DIGITS ? Number(this.text.slice(begin, at)) : value;
  }

  private pass(code: number): void {
    if (this.bytes[this.at] !== code) throw this.fail('a field is malformed');
    this.at++;
  }
}
