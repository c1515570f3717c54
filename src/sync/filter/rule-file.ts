import { readFileSync } from 'node:fs';
import { type ByteString, toFsPath, toText } from '../../system/byte-string.ts';
import { failure } from '../../system/errors.ts';
import type { RuleText } from './rule-syntax.ts';

/**
 * The rules in a file (`-`: standard input), as bytes: one to a line, empty lines and those that begin with `#` or `;`
 * left out; or, with `words`, one to a word. `shown` is what messages call the file in place of its name.
 */
export function readRuleFile(
  file: ByteString,
  shown: string = toText(file),
  words: boolean = false,
): RuleText[] {
  const lines = read(file, shown).split(/[\n\r]/);
  return lines.flatMap((line, index) => {
    const where = `line ${index + 1} of ${shown}`;
    const texts = words ? line.split(/[ \t\v\f]+/) : /^[#;]/.test(line) ? [] : [line];
    return texts.filter((text) => text !== '').map((text) => ({ text, where, fromFile: true }));
  });
}

function read(file: ByteString, shown: string): string {
  try {
    return readFileSync(file === '-' ? 0 : toFsPath(file), 'latin1');
  } catch (error) {
    const detail =
      error instanceof Error ? error.message.replace(/^\w+: /, '').replace(/, \w+( '.*)?$/s, '') : '';
    throw failure('FILE_UNREADABLE', { path: shown, detail }, error);
  }
}
