import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseIni } from '../../../src/manager/config/ini.ts';
import { requireProgram } from '../../support/programs.ts';

function plain(text: string) {
  const { sections, defaults, problems } = parseIni(text);
  const values = (section: ReadonlyMap<string, { text: string }>) =>
    Object.fromEntries([...section].map(([key, { text: value }]) => [key, value]));
  return {
    sections: Object.fromEntries([...sections].map(([name, section]) => [name, values(section)])),
    defaults: values(defaults),
    problems,
  };
}

describe('parseIni', () => {
  it('reads keys, both delimiters, and lower-cases keys but not sections', () => {
    expect(plain('[PG]\nSSH_Command = ssh -o X=Y pg\nname: a = b\n').sections).toEqual({
      PG: { ssh_command: 'ssh -o X=Y pg', name: 'a = b' },
    });
  });

  it('knows no comments behind a value', () => {
    expect(plain('[a]\n; one\n  # two\nx = 2 # c\ny = 3 ; d\n').sections).toEqual({
      a: { x: '2 # c', y: '3 ; d' },
    });
  });

  it('joins continuation lines, blank lines between them too, without comments', () => {
    const text = '[a]\nx = one\n  two\n\n  # gone\n    three\ny = 1\n';
    expect(plain(text).sections).toEqual({ a: { x: 'one\ntwo\n\nthree', y: '1' } });
  });

  it('lets the last of two equal keys and sections win', () => {
    expect(plain('[a]\nx=1\nx=2\n[b]\ny=1\n[a]\nz=3\nx=4\n').sections).toEqual({
      a: { x: '4', z: '3' },
      b: { y: '1' },
    });
  });

  it('keeps [DEFAULT] apart and tells the line of each key', () => {
    const ini = parseIni('\ufeff[DEFAULT]\r\nd = 1\r\n\r\n[a]\r\nx = 1\r\n');
    expect(ini.defaults.get('d')).toEqual({ text: '1', line: 2 });
    expect(ini.sections.get('a')?.get('x')).toEqual({ text: '1', line: 5 });
  });

  it('reports what it cannot read, with its line and section', () => {
    expect(parseIni('stray\n[a]\nno delimiter\n= no key\nx = 1\n').problems).toEqual([
      { line: 1, text: 'stray', section: null },
      { line: 3, text: 'no delimiter', section: 'a' },
      { line: 4, text: '= no key', section: 'a' },
    ]);
  });
});

const PYTHON = `
import configparser, json, sys
answers = []
for text in json.load(sys.stdin):
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    try:
        parser.read_string(text)
        own = {name: dict(parser._sections[name]) for name in parser.sections()}
        answers.append({'sections': own, 'defaults': dict(parser.defaults())})
    except configparser.Error:
        answers.append(None)
json.dump(answers, sys.stdout)
`;

describe.skipIf(!requireProgram('python3'))("Python's configparser", () => {
  it('reads every file as we do', () => {
    const word = fc.stringMatching(/^[aB%"'é ]{0,3}$/);
    const line = fc.oneof(
      fc
        .tuple(word, fc.constantFrom('=', ':', ' = ', ' : ', '=='), word)
        .map((parts) => `k${parts.join('')}`),
      fc.constantFrom(
        '[a]',
        '[b]',
        '[DEFAULT]',
        '[a] tail]',
        ' [b]',
        '# c',
        '  ; c',
        '',
        '   ',
        'stray',
        '= v',
      ),
      fc.tuple(fc.constantFrom(' ', '  ', '\t', '    '), word).map(([indent, text]) => `${indent}x${text}`),
    );
    const texts = fc
      .sample(fc.array(line, { maxLength: 12 }), { numRuns: 1500, seed: 7 })
      .map((lines) => ['[a]', ...lines].join('\n'));
    const answers: ({ sections: unknown; defaults: unknown } | null)[] = JSON.parse(
      execFileSync('python3', ['-c', PYTHON], { input: JSON.stringify(texts), encoding: 'utf8' }),
    );
    let accepted = 0;
    for (const [index, text] of texts.entries()) {
      const ours = plain(text);
      const theirs = answers[index];
      if (theirs === null) expect(ours.problems, JSON.stringify(text)).not.toEqual([]);
      else {
        accepted += 1;
        expect({ ...ours, text }).toEqual({ ...theirs, problems: [], text });
      }
    }
    expect(accepted).toBeGreaterThan(200);
  });
});
