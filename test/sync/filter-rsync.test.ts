import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Filter, parseFilter } from '../../src/sync/filter.ts';
import { byteString, toBuffer } from '../../src/system/byte-string.ts';
import { requireProgram } from '../support/programs.ts';

/** A directory is a Map of names, a file is `null`. Names are bytes. */
type Tree = ReadonlyMap<string, Tree | null>;

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'cellarman-filter-rsync-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const name = fc
  .string({
    unit: fc.constantFrom('a', 'b', 'A', '.', '-', '1', '*', '[', ']', '\\', '!', ' ', '\xc3', '\xa9'),
    minLength: 1,
    maxLength: 3,
  })
  .filter((text) => text !== '.' && text !== '..');
const { tree } = fc.letrec<{ tree: Tree; node: Tree | null }>((tie) => ({
  node: fc.oneof({ depthSize: 'small', withCrossShrink: true }, fc.constant(null), tie('tree')),
  tree: fc.array(fc.tuple(name, tie('node')), { maxLength: 6 }).map((pairs) => new Map(pairs)),
}));

const piece = fc.constantFrom(
  ...[
    'a',
    'b',
    'A',
    '.',
    '-',
    '1',
    ' ',
    '\\',
    '\xc3',
    '\xc3\xa9',
    '!',
    '/',
    '/',
    '*',
    '*',
    '**',
    '***',
    '/***',
  ],
  ...[
    '?',
    '[',
    ']',
    '[ab]',
    '[!a]',
    '[^b]',
    '[a-c]',
    '[c-a]',
    '[]a]',
    '[\\]]',
    '[[:alpha:]]',
    '[[:digit:]-]',
  ],
  ...['[a/]', '[[:x:]]', '[[:a]', '[\xa0-\xff]', '[a-\\c]', '\\*', '\\['],
);
const pattern = fc.array(piece, { minLength: 1, maxLength: 5 }).map((pieces) => pieces.join(''));
const prefix = fc.constantFrom(
  '- ',
  '- ',
  '+ ',
  '-! ',
  '+! ',
  'H ',
  'S ',
  'P ',
  'R ',
  '-s ',
  '-r ',
  '-p ',
  '-,p_',
  '+sr ',
  'Pp ',
);
const rule = fc.tuple(prefix, pattern).map(([before, after]) => before + after);
const rules = fc.array(rule, { minLength: 1, maxLength: 5 });

function build(at: string, content: Tree): void {
  for (const [entry, below] of content) {
    const path = `${at}/${entry}`;
    if (below) {
      mkdirSync(Buffer.from(path, 'latin1'));
      build(path, below);
    } else writeFileSync(Buffer.from(path, 'latin1'), '');
  }
}

/** What is left of a tree, as paths; directories end in a slash. */
function visible(filter: Filter, content: Tree, above = ''): string[] {
  return [...content].flatMap(([entry, below]) => {
    const path = above + entry;
    if (filter.hides(byteString(path), below !== null)) return [];
    return below ? [`${path}/`, ...visible(filter, below, `${path}/`)] : [path];
  });
}

/** What stays where everything unprotected is deleted: also the directories around what stays. */
function kept(filter: Filter, content: Tree, above = '', doomed = false): string[] {
  return [...content].flatMap(([entry, below]) => {
    const path = above + entry;
    const protectedItself = filter.protects(byteString(path), below !== null, doomed);
    if (!below) return protectedItself ? [path] : [];
    const inside = protectedItself ? everything(below, `${path}/`) : kept(filter, below, `${path}/`, true);
    return protectedItself || inside.length > 0 ? [`${path}/`, ...inside] : [];
  });
}

function everything(content: Tree, above = ''): string[] {
  return visible(parseFilter([]), content, above);
}

function standing(directory: Buffer, above = ''): string[] {
  return readdirSync(directory, { withFileTypes: true, encoding: 'buffer' }).flatMap((entry) => {
    const path = above + entry.name.toString('latin1');
    if (!entry.isDirectory()) return [path];
    const below = Buffer.concat([directory, Buffer.from('/'), entry.name]);
    return [`${path}/`, ...standing(below, `${path}/`)];
  });
}

function rsync(...args: readonly string[]): string[] {
  const output = execFileSync('rsync', ['-r', '-8', '--out-format=%n', ...args], {
    encoding: 'latin1',
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return output.split('\n').filter((line) => line !== '');
}

describe.skipIf(!requireProgram('rsync'))('against rsync', () => {
  let run = 0;
  const property = (check: (directory: string, rulesFile: string, filter: Filter, content: Tree) => void) =>
    fc.assert(
      fc.property(tree, rules, fc.boolean(), (content, lines, clear) => {
        run += 1;
        const directory = join(scratch, `${run}`);
        mkdirSync(join(directory, 'tree'), { recursive: true });
        mkdirSync(join(directory, 'empty'));
        build(join(directory, 'tree'), content);
        const rulesFile = join(directory, 'rules');
        const all = clear ? ['- *', '!', ...lines] : lines;
        writeFileSync(rulesFile, toBuffer(byteString(`${all.join('\n')}\n`)));
        const filter = parseFilter([{ option: 'filter', value: `. ${rulesFile}` }]);
        try {
          check(directory, rulesFile, filter, content);
        } finally {
          rmSync(directory, { recursive: true });
        }
      }),
      { numRuns: Number(process.env['FUZZ_RUNS'] ?? 80) },
    );

  it('hides the same paths', () => {
    property((directory, rulesFile, filter, content) => {
      const listed = rsync('-n', `--filter=. ${rulesFile}`, `${directory}/tree/`, `${directory}/empty`);
      expect(visible(filter, content).sort()).toEqual(listed.filter((path) => path !== './').sort());
    });
  });

  it('protects the same paths', () => {
    property((directory, rulesFile, filter, content) => {
      rsync('--delete', `--filter=. ${rulesFile}`, `${directory}/empty/`, `${directory}/tree`);
      expect(kept(filter, content).sort()).toEqual(standing(Buffer.from(`${directory}/tree`)).sort());
    });
  });
});
