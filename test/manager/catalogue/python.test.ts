import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PythonLiteralError, parsePythonLiteral } from '../../../src/manager/catalogue/python-literal.ts';
import { reprFloat, reprString } from '../../../src/manager/catalogue/python-repr.ts';
import { requireProgram } from '../../support/programs.ts';

describe('parsePythonLiteral', () => {
  it.each([
    ["[('t1', 16384, '/path'), ]", [['t1', 16384, '/path']]],
    ['None', null],
    ['[True, False]', [true, false]],
    [`("it's", 'a"b', u'x')`, ["it's", 'a"b', 'x']],
    ["'\\n\\t\\\\\\'\\x41\\u00e9\\U0001f600'", "\n\t\\'Aé😀"],
    ['[1, -2, 16384L, 3.5, 1e-06, 2.5E+10]', [1, -2, 16384, 3.5, 1e-6, 2.5e10]],
    ['[]', []],
    ['(1,)', [1]],
  ])('%s', (text, value) => {
    expect(parsePythonLiteral(text)).toEqual(value);
  });

  it('reads dictionaries as maps in their order', () => {
    expect([...(parsePythonLiteral("{'b': 1, 'a': {'c': 0.5}}") as Map<string, unknown>)]).toEqual([
      ['b', 1],
      ['a', new Map([['c', 0.5]])],
    ]);
  });

  it.each(["'open", '[1', '[1 2]', '{1}', 'nonsense', '', '1 2', "'\\xZZ'", '__import__("os")', '1_0'])(
    'refuses %s',
    (text) => {
      expect(() => parsePythonLiteral(text)).toThrow(PythonLiteralError);
    },
  );
});

describe.skipIf(!requireProgram('python3'))("Python's repr", () => {
  const inPython = (program: string, input: unknown): string[] =>
    JSON.parse(execFileSync('python3', ['-c', program], { input: JSON.stringify(input), encoding: 'utf8' }));

  it('of texts is ours', () => {
    const character = fc.oneof(
      fc.constantFrom(
        "'",
        '"',
        '\\',
        '\n',
        '\r',
        '\t',
        '\u00a0',
        '\u2028',
        '\u200b',
        '\u3000',
        '😀',
        'é',
        ' ',
      ),
      // Blocks that no new version of Unicode adds to.
      ...[
        [0, 0x24f],
        [0x400, 0x4ff],
        [0x4e00, 0x9fa5],
        [0xd800, 0xf8ff],
      ].map(([min = 0, max = 0]) => fc.integer({ min, max }).map((code) => String.fromCharCode(code))),
    );
    const texts = fc.sample(
      fc.array(character, { maxLength: 6 }).map((parts) => parts.join('')),
      { numRuns: 3000, seed: 3 },
    );
    const program = 'import json,sys; json.dump([repr(t) for t in json.load(sys.stdin)], sys.stdout)';
    const theirs = inPython(program, texts);
    expect(texts.map(reprString)).toEqual(theirs);
    expect(theirs.map(parsePythonLiteral)).toEqual(texts);
  });

  it('of floats is ours', () => {
    const numbers = [
      0, 1, 0.1, 1e-4, 9.99e-5, 1e-7, 1e15, 1e16, 1.5e300, 123456.789, 1795366179.8929274,
    ].concat(
      fc.sample(fc.double({ noNaN: true, noDefaultInfinity: true, min: 0 }), { numRuns: 1000, seed: 5 }),
    );
    const program = 'import json,sys; json.dump([repr(float(n)) for n in json.load(sys.stdin)], sys.stdout)';
    expect(numbers.map(reprFloat)).toEqual(inPython(program, numbers));
  });
});
