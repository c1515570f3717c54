import type { Stats } from 'node:fs';
import { closeSync, lstatSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs';
import { join } from 'node:path';

export interface Comparison {
  /** At most a handful: the first differences, each with its path. */
  readonly problems: readonly string[];
  /** Regular files of the second tree that have more than one link. */
  readonly linked: number;
}

/** `content`: names, types, content, symlink targets. `all`: also modes, and modification times to the second. */
export type Depth = 'content' | 'all';

const ENOUGH = 5;
const BLOCK = 4 << 20;
const left = Buffer.allocUnsafe(BLOCK);
const right = Buffer.allocUnsafe(BLOCK);

/** Compares two trees, the roots included. */
export function compareTrees(expected: string, actual: string, depth: Depth = 'all'): Comparison {
  const problems: string[] = [];
  let linked = 0;

  const visit = (path: string): void => {
    if (problems.length >= ENOUGH) return;
    const a = join(expected, path);
    const b = join(actual, path);
    const [one, two] = [lstatSync(a), lstatSync(b)];
    const difference = attributesDiffer(one, two, depth);
    if (difference !== undefined) problems.push(`${path || '.'}: ${difference}`);
    else if (one.isSymbolicLink()) {
      if (readlinkSync(a) !== readlinkSync(b)) problems.push(`${path}: link target differs`);
    } else if (one.isFile()) {
      if (two.nlink > 1) linked++;
      if (!(one.dev === two.dev && one.ino === two.ino) && !sameContent(a, b, one.size))
        problems.push(`${path}: content differs`);
    } else if (one.isDirectory()) {
      const names = readdirSync(a).sort();
      const others = readdirSync(b).sort();
      if (names.join('/') !== others.join('/')) {
        const stray = [
          ...others.filter((name) => !names.includes(name)).map((name) => `has ${name} besides`),
        ];
        const missing = names.filter((name) => !others.includes(name)).map((name) => `lacks ${name}`);
        problems.push(`${path || '.'}: ${[...stray, ...missing].slice(0, ENOUGH).join(', ')}`);
      } else for (const name of names) visit(path === '' ? name : `${path}/${name}`);
    }
  };

  visit('');
  return { problems, linked };
}

function attributesDiffer(one: Stats, two: Stats, depth: Depth): string | undefined {
  const S_IFMT = 0o170000;
  if ((one.mode & S_IFMT) !== (two.mode & S_IFMT)) return 'type differs';
  if (one.isFile() && one.size !== two.size) return `${two.size} bytes instead of ${one.size}`;
  if (depth === 'content') return undefined;
  if (one.mode !== two.mode && !one.isSymbolicLink())
    return `mode ${(two.mode & 0o7777).toString(8)} instead of ${(one.mode & 0o7777).toString(8)}`;
  if (Math.floor(one.mtimeMs / 1000) !== Math.floor(two.mtimeMs / 1000))
    return `mtime ${two.mtime.toISOString()} instead of ${one.mtime.toISOString()}`;
  return undefined;
}

function sameContent(a: string, b: string, size: number): boolean {
  if (size === 0) return true;
  if (size <= 65536) return readFileSync(a).equals(readFileSync(b));
  const [one, two] = [openSync(a, 'r'), openSync(b, 'r')];
  try {
    for (let at = 0; at < size; ) {
      const length = readFully(one, left, at);
      if (length === 0 || readFully(two, right, at) !== length) return false;
      if (left.compare(right, 0, length, 0, length) !== 0) return false;
      at += length;
    }
    return true;
  } finally {
    closeSync(one);
    closeSync(two);
  }
}

function readFully(fd: number, into: Buffer, position: number): number {
  let length = 0;
  while (length < into.length) {
    const got = readSync(fd, into, length, into.length - length, position + length);
    if (got === 0) break;
    length += got;
  }
  return length;
}
