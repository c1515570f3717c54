import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cellarman, runProgram } from '../support/built-cli.ts';
import { requireProgram } from '../support/programs.ts';
import { describeTree, plant, type TreeSpec } from '../support/tree.ts';

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'cellarman-sync-random-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'a\n', '\xff');
const mtime = fc.constantFrom(1_600_000_000, 1_600_000_001, 1_600_000_060);
const { tree } = fc.letrec<{ tree: TreeSpec; node: TreeSpec[string] }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small' },
    fc.record({
      content: fc.constantFrom('', 'x', 'y', 'xy'),
      mode: fc.constantFrom(0o644, 0o600, 0o4755),
      mtime,
    }),
    fc.record({ target: fc.constantFrom('a', 'b', '/no/where'), mtime }),
    fc.record({ entries: tie('tree'), mode: fc.constantFrom(0o755, 0o700, 0o775, 0o555), mtime }),
  ),
  tree: fc.dictionary(name, tie('node'), { maxKeys: 5 }),
}));

const args = fc
  .tuple(
    fc.constantFrom('-a', '-rlt', '-rl', '-rlp', '-r', '-aH'),
    fc.subarray(['-c', '-u', '-I', '--size-only', '-n']),
    fc.constantFrom(
      [],
      ['--delete'],
      ['--delete', '--exclude=a'],
      ['--delete-excluded', '--delete', '--exclude=b/'],
      ['--max-delete=100', '--delete'],
    ),
    fc.constantFrom('s', 's/'),
  )
  .map(([first, more, deletion, source]) => [first, ...more, ...deletion, source, 'd']);

/** Hidden from the comparison: lines on the top of the destination and on directories that a file replaces. */
const lines = (stdout: string): string[] =>
  stdout
    .split('\n')
    .filter(
      (line) => line !== '' && !/^(created|skipping|cannot delete) | \.\/$|^\*deleting .*\/$/.test(line),
    )
    .sort();

/** What random trees came upon: an empty directory gives way to what is none, without --delete too; a full one does not. */
const empty: TreeSpec = { c: { entries: {}, mode: 0o755, mtime: 1_600_000_000 } };
const full: TreeSpec = { c: { entries: empty, mode: 0o755, mtime: 1_600_000_000 } };
const link: TreeSpec = { c: { target: 'a', mtime: 1_600_000_000 } };
const file: TreeSpec = { c: { content: 'x', mode: 0o644, mtime: 1_600_000_000 } };
const examples: [TreeSpec, TreeSpec, string[]][] = [
  [link, empty, ['-a', 's/', 'd']],
  [file, empty, ['-a', 's/', 'd']],
  [file, empty, ['-an', 's/', 'd']],
  [file, full, ['-a', 's/', 'd']],
];

describe.skipIf(!requireProgram('rsync'))('any trees and options', () => {
  it('end as with rsync', () => {
    let count = 0;
    fc.assert(
      fc.property(tree, tree, args, (source, destination, options) => {
        count += 1;
        const directory = join(scratch, `${count}`);
        const sides = ['ours', 'theirs'].map((side) => join(directory, side));
        for (const side of sides) {
          mkdirSync(side, { recursive: true });
          plant(join(side, 's'), source);
          plant(join(side, 'd'), destination);
        }
        const [left = '', right = ''] = sides;
        const ours = cellarman(['sync', '-i', ...options], { cwd: left });
        const theirs = runProgram('rsync', ['-i', ...options], { cwd: right });
        expect(ours).toMatchObject({ status: theirs.status });
        expect(lines(ours.stdout)).toEqual(lines(theirs.stdout));
        expect(describeTree(left)).toEqual(describeTree(right));
        rmSync(directory, { recursive: true });
      }),
      { numRuns: examples.length + Number(process.env['FUZZ_RUNS'] ?? 15), examples },
    );
  });
});
