import {
  chmodSync,
  cpSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { compareTrees } from '../../native-bench/compare.ts';

// No time of the benchmark counts but for trees that this comparer takes for equal.
let directory: string;
let a: string;
let b: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cellarman-compare-'));
  a = join(directory, 'a');
  b = join(directory, 'b');
  mkdirSync(join(a, 'sub'), { recursive: true });
  writeFileSync(join(a, 'sub/file'), 'content');
  writeFileSync(join(a, 'large'), Buffer.alloc(5 << 20, 'x'));
  symlinkSync('file', join(a, 'sub/link'));
  cpSync(a, b, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  for (const root of [a, b]) {
    chmodSync(join(root, 'sub/file'), 0o644);
    chmodSync(join(root, 'sub'), 0o755);
    lutimesSync(join(root, 'sub/link'), 1, 1);
    for (const path of ['sub', '']) utimesSync(join(root, path), 1, 1);
  }
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('equal trees have no differences', () => {
  expect(compareTrees(a, b)).toEqual({ problems: [], linked: 0 });
});

test.each<[string, () => void, string]>([
  ['a byte', () => rewrite('sub/file', 'Content'), 'sub/file: content differs'],
  [
    'the last byte of a large file',
    () => rewrite('large', `${'x'.repeat((5 << 20) - 1)}y`),
    'large: content differs',
  ],
  ['the size', () => rewrite('sub/file', 'more content'), 'sub/file: 12 bytes instead of 7'],
  ['the mode', () => chmodSync(join(b, 'sub/file'), 0o600), 'sub/file: mode 600 instead of 644'],
  ['the mode of a directory', () => chmodSync(join(b, 'sub'), 0o700), 'sub: mode 700 instead of 755'],
  ['the time', () => utimesSync(join(b, 'sub/file'), 1, 1), 'sub/file: mtime 1970-01-01T00:00:01.000Z'],
  ['the time of the root', () => utimesSync(b, 5, 5), '.: mtime 1970-01-01T00:00:05.000Z'],
  ['a missing file', () => remove('sub/file'), 'sub: lacks file'],
  ['a file too many', () => add('sub/other'), 'sub: has other besides'],
  ['the target of a link', () => relink('elsewhere'), 'sub/link: link target differs'],
  ['a file in place of a link', () => replaceLink(), 'sub/link: type differs'],
])('%s is noticed', (_, change, problem) => {
  change();
  expect(compareTrees(a, b).problems.join('\n')).toContain(problem);
});

test('where only content is compared, modes and times may differ, and bytes may not', () => {
  chmodSync(join(b, 'sub/file'), 0o600);
  utimesSync(join(b, 'sub'), 7, 7);
  expect(compareTrees(a, b, 'content').problems).toEqual([]);
  rewrite('sub/file', 'Content');
  expect(compareTrees(a, b, 'content').problems).toEqual(['sub/file: content differs']);
});

test('hard links of the second tree are counted', () => {
  linkSync(join(b, 'large'), join(directory, 'another name'));
  expect(compareTrees(a, b).linked).toBe(1);
});

/** Directories keep their time, so that only the difference in question is there. */
function changing(work: () => void): void {
  work();
  utimesSync(join(b, 'sub'), 1, 1);
  utimesSync(b, 1, 1);
}

/** With the time of the other tree's file, so that only the content tells. */
function rewrite(path: string, content: string): void {
  writeFileSync(join(b, path), content);
  const { atime, mtime } = statSync(join(a, path));
  utimesSync(join(b, path), atime, mtime);
}

function remove(path: string): void {
  changing(() => unlinkSync(join(b, path)));
}

function add(path: string): void {
  changing(() => writeFileSync(join(b, path), ''));
}

function relink(target: string): void {
  changing(() => {
    unlinkSync(join(b, 'sub/link'));
    symlinkSync(target, join(b, 'sub/link'));
    lutimesSync(join(b, 'sub/link'), 1, 1);
  });
}

function replaceLink(): void {
  changing(() => {
    unlinkSync(join(b, 'sub/link'));
    writeFileSync(join(b, 'sub/link'), 'file');
  });
}
