import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FilterOptions, type FilterSource, parseFilter } from '../../src/sync/filter.ts';
import { fromText } from '../../src/system/byte-string.ts';

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'cellarman-filter-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const file = (name: string, ...lines: string[]): string => {
  const path = join(scratch, name);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
};
const compile = (rules: readonly string[], options?: FilterOptions) =>
  parseFilter(
    rules.map((value) => ({ option: 'filter', value })),
    options,
  );
const hides = (rule: string, path: string): boolean =>
  compile([rule]).hides(fromText(path.replace(/\/$/, '')), path.endsWith('/'));

describe('patterns', () => {
  it.each([
    ['foo', ['foo', 'foo/', 'a/foo', 'a/b/foo/'], ['xfoo', 'foox', 'foo/a']],
    ['/foo', ['foo', 'foo/'], ['a/foo', 'foo/a']],
    ['foo/', ['foo/', 'a/foo/'], ['foo', 'a/foo']],
    ['a/foo', ['a/foo', 'x/a/foo'], ['foo', 'xa/foo', 'a/foo/x']],
    ['*.o', ['x.o', 'a/x.o', '.o'], ['x.oo', 'x.o/y']],
    ['/a/*', ['a/x', 'a/'.concat('y/')], ['a', 'x/a/x', 'a/b/c']],
    ['a/**/x', ['a/b/x', 'a/b/c/x', 'z/a/b/x'], ['a/x']],
    ['**/x', ['x', 'a/x', 'a/b/x'], ['ax', 'x/a']],
    ['**x', ['x', 'ax', 'a/bx'], ['xa']],
    ['/a/***', ['a/', 'a/x', 'a/b/c'], ['a', 'ab', 'z/a/']],
    ['/a/**', ['a/x', 'a/b/c'], ['a/', 'a']],
    ['a?c', ['abc', 'x/abc'], ['a/c', 'ac', 'aéc']],
    ['a[!b]c', ['axc'], ['abc', 'a/c']],
    ['a[^b-d]c', ['aac', 'aec'], ['abc', 'acc', 'adc']],
    ['[]x]', [']', 'x'], ['y']],
    ['[a-]', ['a', '-'], ['b']],
    ['[z-a]', ['z'], ['a', 'm']],
    ['[[:digit:]x]', ['1', 'x'], ['d', ':']],
    ['[[:nonsense:]]', [], ['n', ':', '[']],
    ['[', [], ['[']],
    ['\\foo', ['\\foo'], ['foo']],
    ['\\*', ['*'], ['\\*', 'x']],
    ['a.(b)+$', ['a.(b)+$'], ['axbb']],
    ['é?', ['éx'], ['éé']],
    ['[a/]b', [], ['ab', 'x/ab']],
    ['/', [], ['a', 'a/']],
  ])('%s', (pattern, yes, no) => {
    for (const path of yes) expect(hides(`- ${pattern}`, path), path).toBe(true);
    for (const path of no) expect(hides(`- ${pattern}`, path), path).toBe(false);
  });

  it('takes a newline in a name for a byte like any other', () => {
    expect(hides('- a*b', 'a\nb')).toBe(true);
    expect(hides('- a?b', 'a\nb')).toBe(true);
    expect(hides('- foo', 'foo\nx')).toBe(false);
  });
});

describe('rules', () => {
  const path = fromText('x');

  it('lets the first match decide, and nothing matched take part', () => {
    expect(compile(['+ x', '- *']).hides(path, false)).toBe(false);
    expect(compile(['- *', '+ x']).hides(path, false)).toBe(true);
    expect(compile([]).hides(path, false)).toBe(false);
  });

  it.each([
    ['- x', true, true],
    ['exclude x', true, true],
    ['exclude,s x', true, false],
    ['-_x', true, true],
    ['-,s_x', true, false],
    ['-r x', false, true],
    ['-sr x', true, true],
    ['H x', true, false],
    ['hide x', true, false],
    ['P x', false, true],
    ['protect x', false, true],
    ['-! y', true, true],
    ['-! x', false, false],
  ])('%s: hides %s, protects %s', (rule, hidden, kept) => {
    expect(compile([rule]).hides(path, false)).toBe(hidden);
    expect(compile([rule]).protects(path, false)).toBe(kept);
  });

  it('lets show and risk rules through on their side', () => {
    expect(compile(['S x', '- *']).hides(path, false)).toBe(false);
    expect(compile(['S x', '- *']).protects(path, false)).toBe(true);
    expect(compile(['R x', '- *']).hides(path, false)).toBe(true);
    expect(compile(['R x', '- *']).protects(path, false)).toBe(false);
  });

  it('makes rules without side the sender’s when what is excluded is deleted too', () => {
    const filter = compile(['- x', 'P y'], { deleteExcluded: true });
    expect(filter.hides(path, false)).toBe(true);
    expect(filter.protects(path, false)).toBe(false);
    expect(filter.protects(fromText('y'), false)).toBe(true);
  });

  it('forgets perishable rules inside directories that are deleted', () => {
    const filter = compile(['-p x']);
    expect(filter.protects(path, false)).toBe(true);
    expect(filter.protects(path, false, true)).toBe(false);
  });

  it('never hides the root', () => {
    expect(compile(['- *']).hides(fromText(''), true)).toBe(false);
    expect(compile(['-! foo']).protects(fromText(''), true)).toBe(false);
  });

  it('clears what came before', () => {
    expect(compile(['- x', '!']).hides(path, false)).toBe(false);
    expect(compile(['- x', 'clear', '- y']).hides(fromText('y'), false)).toBe(true);
  });
});

describe('include and exclude options', () => {
  const decide = (option: FilterSource['option'], value: string, path: string): boolean =>
    parseFilter([
      { option, value },
      { option: 'exclude', value: '*' },
    ]).hides(fromText(path), false);

  it('know three prefixes and take all else for a pattern', () => {
    expect(decide('include', 'x', 'x')).toBe(false);
    expect(decide('include', '- x', 'x')).toBe(true);
    expect(decide('exclude', '+ x', 'x')).toBe(false);
    expect(decide('include', '+x', '+x')).toBe(false);
    expect(decide('include', 'P x', 'P x')).toBe(false);
    expect(decide('include', '!x', '!x')).toBe(false);
    expect(
      parseFilter([
        { option: 'exclude', value: 'x' },
        { option: 'include', value: '!' },
      ]).hides(fromText('x'), false),
    ).toBe(false);
  });

  it('read files line by line, without comments', () => {
    const value = file('from', '# comment', '; comment', '', '+ keep', 'drop');
    const filter = parseFilter([{ option: 'exclude-from', value }]);
    expect(filter.hides(fromText('keep'), false)).toBe(false);
    expect(filter.hides(fromText('drop'), false)).toBe(true);
    for (const comment of ['# comment', '; comment'])
      expect(filter.hides(fromText(comment), false)).toBe(false);
    expect(decide('include-from', file('from', 'a', '- b'), 'a')).toBe(false);
  });
});

describe('merged files', () => {
  it('stand at their place in the list', () => {
    const filter = compile([`. ${file('merged', '+ a', 'P b')}`, '- *']);
    expect(filter.hides(fromText('a'), false)).toBe(false);
    expect(filter.hides(fromText('b'), false)).toBe(true);
  });

  it('hold patterns alone, or words, or exclude themselves', () => {
    expect(compile([`.- ${file('m1', '+ a')}`]).hides(fromText('+ a'), false)).toBe(true);
    expect(compile([`.+ ${file('m1', 'a')}`, '- *']).hides(fromText('a'), false)).toBe(false);
    expect(compile([`.w- ${file('m2', 'a b', '#c')}`]).hides(fromText('#c'), false)).toBe(true);
    expect(compile([`.e ${file('m3', '- a')}`]).hides(fromText('z/m3'), false)).toBe(true);
    expect(compile([`.s ${file('m3', '- a')}`]).protects(fromText('a'), false)).toBe(false);
    expect(compile([`.p ${file('m3', '- a')}`]).protects(fromText('a'), false, true)).toBe(false);
  });

  it('merge others, but not themselves', () => {
    const inner = file('inner', '- a');
    expect(compile([`. ${file('outer', `. ${inner}`)}`]).hides(fromText('a'), false)).toBe(true);
    const circle = join(scratch, 'circle');
    expect(() => compile([`. ${file('circle', `. ${circle}`)}`])).toThrow(
      /line 1 of .*circle merges its own file/,
    );
  });

  it('carry a name and a pattern of any bytes', () => {
    const path = join(scratch, 'bytes');
    writeFileSync(path, Buffer.from('- \xff?\n', 'latin1'));
    expect(compile([`. ${path}`]).hides(fromText('x'), false)).toBe(false);
    const name = Buffer.from('\xffx', 'latin1').toString('latin1');
    expect(
      parseFilter([{ option: 'filter', value: `. ${path}` }]).hides(
        name as ReturnType<typeof fromText>,
        false,
      ),
    ).toBe(true);
  });
});

describe('what is refused', () => {
  it.each([
    ['foo bar', /this is not a filter rule/],
    ['-foo', /the space before the pattern is missing/],
    ['excludefoo', /not a filter rule/],
    ['- ', /the pattern is missing/],
    ['.', /the file is missing/],
    ['! x', /nothing can follow/],
    ['Hr x', /modifier/],
    ['.! x', /modifier/],
    ['-/ x', /modifier \//],
    [': .rules', /dir-merge/],
    ['dir-merge .rules', /dir-merge/],
    ['-C', /modifier C/],
    ['-x user.*', /extended attributes/],
  ])('%s', (rule, message) => {
    expect(() => compile([rule])).toThrow(message);
    expect(() => compile([rule])).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });

  it('is a side inside a file that has one', () => {
    expect(() => compile([`.s ${file('sided', 'H a')}`])).toThrow(/named the side already/);
  });

  it('names file and line, and shows nothing of the file', () => {
    const path = file('secret', '- fine', 'password: hunter2');
    expect(() => compile([`. ${path}`])).toThrow(new RegExp(`line 2 of ${path}`));
    expect(() => compile([`. ${path}`])).not.toThrow(/hunter2/);
    const pointing = file('pointing', '. /no/such/secret');
    expect(() => compile([`. ${pointing}`])).toThrow(`cannot read the file named in line 1 of ${pointing}`);
    expect(() => compile([`. ${pointing}`])).not.toThrow(/such\/secret/);
  });

  it('is a file that cannot be read', () => {
    expect(() => compile(['. /no/such/file'])).toThrow(expect.objectContaining({ code: 'FILE_UNREADABLE' }));
    expect(() => compile(['. /no/such/file'])).toThrow(
      'cannot read /no/such/file: no such file or directory',
    );
  });
});
