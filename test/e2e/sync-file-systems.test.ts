import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cellarman, runProgram } from '../support/built-cli.ts';
import { requireProgram } from '../support/programs.ts';

/** A file system that is mounted inside of another one, on every Linux. */
const INNER = '/dev/shm';
const isThere = existsSync(INNER) && statSync(INNER).dev !== statSync('/dev').dev;

describe.skipIf(!requireProgram('rsync') || !isThere)('-x', () => {
  let scratch: string;
  let inner: string;
  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), 'cellarman-sync-x-'));
    inner = mkdtempSync(join(INNER, 'cellarman-sync-x-'));
    for (const [top, name] of [
      [join(scratch, 'one'), 'a'],
      [inner, 'b'],
    ] as const) {
      mkdirSync(join(top, name), { recursive: true });
      writeFileSync(join(top, name, 'file'), name);
    }
  });
  afterAll(() => {
    for (const directory of [scratch, inner]) rmSync(directory, { recursive: true, force: true });
  });

  const copied = (words: readonly string[]): string[][] =>
    ['rsync', 'ours'].map((by) => {
      const to = mkdtempSync(join(scratch, 'to-'));
      if (by === 'ours') cellarman(['sync', ...words, to]);
      else runProgram('rsync', [...words, to]);
      return readdirSync(to, { recursive: true, encoding: 'utf8' }).sort();
    });

  it('goes by the file system of each source', () => {
    const [theirs, ours] = copied(['-rx', `${scratch}/one/`, `${inner}/`]);
    expect(ours).toEqual(theirs);
    expect(ours).toContain('b/file');
  });

  it('enters no other one below a source that is named', () => {
    const [theirs, ours] = copied(['-rx', '--include=/dev/shm/***', '--exclude=/dev/*', '/dev']);
    expect(ours).toEqual(theirs);
    expect(ours).toEqual(['dev', 'dev/shm']);
  });

  it('removes nothing below a directory that is entered in none of several sources', () => {
    const to = join(scratch, 'to');
    mkdirSync(join(to, 'shm'), { recursive: true });
    writeFileSync(join(to, 'shm', 'file'), 'x');
    cellarman(['sync', '-rx', '--delete', '--include=/shm', '--exclude=/*', '/dev/', '/dev/', to]);
    expect(readdirSync(join(to, 'shm'))).toEqual(['file']);
  });
});
