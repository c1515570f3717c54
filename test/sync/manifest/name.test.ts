import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeLinkName, escapeName, unescapeName } from '../../../src/sync/manifest/name.ts';
import { byteString, fromText } from '../../../src/system/byte-string.ts';
import { anyName } from './support.ts';

describe('names in a manifest', () => {
  it('come back byte by byte, whatever they hold', () => {
    fc.assert(fc.property(anyName, (name) => unescapeName(escapeName(name)) === name));
    fc.assert(fc.property(anyName, (name) => unescapeName(escapeLinkName(name)) === name));
  });

  it('are valid UTF-8 without control characters', () => {
    fc.assert(
      fc.property(anyName, (name) => {
        const text = new TextDecoder('utf-8', { fatal: true }).decode(
          Buffer.from(escapeName(name), 'latin1'),
        );
        // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there.
        expect(text).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
      }),
    );
  });

  it.each([
    ['plain name.txt', 'plain name.txt'],
    ['back\\slash', 'back\\x5cslash'],
    ['\\x41', '\\x5cx41'],
    ['new\nline', 'new\\x0aline'],
    ['\x1b[31m', '\\x1b[31m'],
    ['latin1 \xe9', 'latin1 \\xe9'],
    ['surrogate \xed\xa0\x80', 'surrogate \\xed\\xa0\\x80'],
    ['overlong \xc0\xaf', 'overlong \\xc0\\xaf'],
    ['C1 \xc2\x9b', 'C1 \\xc2\\x9b'],
    ['cut off \xe2\x82', 'cut off \\xe2\\x82'],
  ])('writes %j as %j', (name, escaped) => expect(escapeName(byteString(name))).toBe(escaped));

  it('leaves UTF-8 readable', () => {
    for (const name of ['grün', '名前', 'emoji 😀', 'e\u0301']) {
      expect(escapeName(fromText(name))).toBe(fromText(name));
    }
  });

  it.each(['\\', 'a\\n', '\\x4', '\\xZZ', '\\X41', 'end\\'])('refuses %j', (text) =>
    expect(unescapeName(text)).toBeUndefined(),
  );
});
