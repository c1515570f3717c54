import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cellarman, type Outcome, runProgram } from '../support/built-cli.ts';
import { requireProgram } from '../support/programs.ts';
import { BASE, BASIS, CHANGED, itemLines } from '../support/rsync-trees.ts';
import { describeTree, plant, type TreeSpec } from '../support/tree.ts';

let scratch: string;
let count = 0;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'cellarman-sync-local-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Pair {
  readonly directory: string;
  readonly ours: Outcome;
  readonly theirs: Outcome;
}

/** Runs both programs with the same arguments, each in a directory of its own that was planted alike. */
function both(layout: Readonly<Record<string, TreeSpec>>, ...args: string[]): Pair {
  count += 1;
  const directory = join(scratch, `${count}`);
  for (const side of ['ours', 'theirs']) {
    mkdirSync(join(directory, side), { recursive: true });
    for (const [name, spec] of Object.entries(layout)) plant(join(directory, side, name), spec);
  }
  return {
    directory,
    ours: cellarman(['sync', ...args], { cwd: join(directory, 'ours') }),
    theirs: runProgram('rsync', args, { cwd: join(directory, 'theirs') }),
  };
}

function expectEqualLines({ ours, theirs }: Pair): void {
  expect({ status: ours.status, lines: itemLines(ours.stdout), stderr: ours.stderr }).toEqual({
    status: theirs.status,
    lines: itemLines(theirs.stdout),
    stderr: expect.anything(),
  });
}

function expectEqualTrees({ directory, ours, theirs }: Pair): void {
  expect(ours).toMatchObject({ status: theirs.status });
  expect(describeTree(join(directory, 'ours'))).toEqual(describeTree(join(directory, 'theirs')));
}

const run = (args: string): Pair => both(LAYOUTS, ...args.split(' ').map((arg) => arg.replaceAll('_', ' ')));

const LAYOUTS = {
  s: BASE,
  s2: BASE,
  d: CHANGED,
  d2: { ...BASE, extra: 'x', 'extra dir': { entries: { a: 'x' } } },
  p: BASIS,
};

describe.skipIf(!requireProgram('rsync'))('like rsync', () => {
  it.each([
    ['-ai s/ new'],
    ['-ai s new'],
    ['-ai s d'],
    ['-ai s/. new'],
    ['-ai s/dir s2/dir p d'],
    ['-ai s/dir s/file d'],
    ['-ai s/dirlink/ new'],
    ['-ai s/file d/'],
    ['-i s/file d'],
    ['-ri s/ new'],
    ['-rli s/ d --delete'],
    ['-ri s/ d --delete'],
    ['-rlti s/ d --delete'],
    ['-rlpi s/ d --delete'],
    ['-ai s/ s2'],
    ['-ai --delete s/ d'],
    ['-ai --delete s d'],
    ['-ai --delete s/file s/dir d'],
    ['-ain --delete s/ d'],
    ['-aic --delete s/ d'],
    ['-aiI --delete s/ d'],
    ['-aiu --delete s/ d'],
    ['-ai --size-only --delete s/ d'],
    ['-aiH --delete s/ d'],
    ['-ai --no-t --no-perms --delete s/ d'],
    ['-ai --max-delete=0 --delete s/ d2'],
    ['-ai --max-delete=100 --delete s/ d2'],
    ['-ai --max-delete=100 s/ d2'],
    ['-ai --delete --exclude=ex* s/ d'],
    ['-ai --delete --delete-excluded --exclude=ex* s/ d'],
    ['-ai --delete --exclude=/dir/ --exclude=*.o s/ d'],
    ['-ai --include=*/ --include=inner --exclude=* s/ d'],
    ['-ai --delete --filter=P_extra --filter=H_file s/ d'],
    ['-ai --mkpath s/ new/and/deeper'],
    ['-ai nowhere s/file new/'],
  ])('in lines and trees: %s', (args) => {
    const pair = run(args);
    expectEqualLines(pair);
    expectEqualTrees(pair);
  });

  // rsync calls a single file by its old name, and tells what differs from a basis.
  it.each([
    ['-ai s/file new'],
    ['-ai s/link new'],
    ['-ai s/dirlink new'],
    ['-ai --link-dest=../p s/ new'],
    ['-ai --link-dest=../d --link-dest=../p s/ new'],
    ['-ai --link-dest=../s2 s/ new'],
    ['-aH --link-dest=../s2 s/ new'],
    ['-aic --link-dest=../d s/ new'],
    ['-ai --copy-dest=../p s/ new'],
    ['-ai --compare-dest=../p s/ new'],
    ['-a nowhere d'],
    ['-a s/ no/where'],
    ['-a s/ s2/file'],
    ['-a s/file s/script s2/file'],
    ['-r --exclude-from=nowhere s/ new'],
    ['--delete s/ new'],
  ])('in trees and statuses: %s', (args) => {
    expectEqualTrees(run(args));
  });

  // Where times differ by less than the window, rsync leaves directories that it wrote in with the time of the writing.
  it('in lines: -ai -@ 1000000000 --delete s/ d', () => {
    expectEqualLines(run('-ai -@ 1000000000 --delete s/ d'));
  });

  it('names what links to a basis with -ii', () => {
    const linked = ({ stdout }: Outcome) =>
      stdout
        .split('\n')
        .filter((line) => line.startsWith('hf'))
        .sort();
    const { ours, theirs } = run('-aii --link-dest=../s2 s/ new');
    expect(linked(ours)).toEqual(linked(theirs));
    expect(linked(ours)).not.toEqual([]);
  });

  it('finds nothing to do after the other', () => {
    const { directory } = run('-ac --delete s/ d');
    const silent = { status: 0, stdout: '' };
    const [ours, theirs] = [join(directory, 'ours'), join(directory, 'theirs')];
    expect(runProgram('rsync', ['-ainc', '--delete', `${ours}/s/`, `${ours}/d`])).toMatchObject(silent);
    expect(cellarman(['sync', '-ainc', '--delete', `${theirs}/s/`, `${theirs}/d`])).toMatchObject(silent);
    expect(cellarman(['sync', '-ain', '--delete', `${ours}/s/`, `${ours}/d`])).toMatchObject(silent);
  });
});
