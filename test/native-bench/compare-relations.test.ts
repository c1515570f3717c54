import { cpSync, linkSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { compareRelations } from '../../native-bench/compare-relations.ts';

// The check of the cluster scenarios: what it takes for right, they give a time for.
let directory: string;
let source: string;
let copy: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cellarman-relations-'));
  [source, copy] = [join(directory, 'source'), join(directory, 'copy')];
  mkdirSync(source);
  for (const name of ['16384', '16384_fsm', '16385.1', 'pg_internal.init'])
    writeFileSync(join(source, name), name);
  cpSync(source, copy, { recursive: true, preserveTimestamps: true });
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('an equal copy is right, also without what is no relation', () => {
  rmSync(join(copy, 'pg_internal.init'));
  expect(compareRelations(source, copy)).toEqual([]);
});

test.each<[string, () => void, string]>([
  ['a missing relation', () => rmSync(join(copy, '16385.1')), 'lacks 16385.1'],
  ['another size', () => writeFileSync(join(copy, '16384'), 'x'), '16384: 1 bytes instead of 5'],
  ['another time', () => utimesSync(join(copy, '16384'), 1, 1), '16384: mtime'],
  ['an empty source', () => rmSync(source, { recursive: true }) ?? mkdirSync(source), 'has no relations'],
])('%s is noticed', (_, change, problem) => {
  change();
  expect(compareRelations(source, copy).join('\n')).toContain(problem);
});

test('other content is noticed', () => {
  for (const path of [join(source, '16384'), join(copy, '16384')]) {
    writeFileSync(path, path === join(copy, '16384') ? 'other' : '16384');
    utimesSync(path, 1, 1);
  }
  expect(compareRelations(source, copy)).toEqual(['16384: content differs']);
});

test('copies that ought to be links are noticed', () => {
  expect(compareRelations(source, copy, { linked: true })).toEqual(['3 of 3 files are not hard links']);
  for (const name of ['16384', '16384_fsm', '16385.1'])
    linkSync(join(copy, name), join(directory, `link-${name}`));
  expect(compareRelations(source, copy, { linked: true })).toEqual([]);
});
