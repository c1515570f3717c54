import {
  chmodSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

export interface FileSpec {
  readonly content?: string;
  readonly mode?: number;
  /** Seconds since the epoch. */
  readonly mtime?: number;
}
export interface LinkSpec {
  readonly target: string;
  readonly mtime?: number;
}
export interface DirectorySpec {
  readonly entries: TreeSpec;
  readonly mode?: number;
  readonly mtime?: number;
}
/** Another name of a file made before, by its path from the top of the tree. */
export interface HardLinkSpec {
  readonly sameAs: string;
}
/** Names in Latin-1, one byte a character; a string is a file's content. */
export type TreeSpec = {
  readonly [name: string]: string | FileSpec | LinkSpec | DirectorySpec | HardLinkSpec;
};

const TIME = 1_700_000_000;
const bytes = (path: string): Buffer => Buffer.from(path, 'latin1');

/** Makes a tree; all times are the same old moment unless told otherwise, so that two trees of one spec are equal. */
export function plant(top: string, spec: TreeSpec, root = top): void {
  mkdirSync(bytes(top), { recursive: true });
  for (const [name, value] of Object.entries(spec)) {
    const path = `${top}/${name}`;
    const node = typeof value === 'string' ? { content: value } : value;
    if ('sameAs' in node) linkSync(bytes(join(root, node.sameAs)), bytes(path));
    else if ('target' in node) {
      symlinkSync(bytes(node.target), bytes(path));
      lutimesSync(bytes(path), TIME, node.mtime ?? TIME);
    } else if ('entries' in node) {
      plant(path, node.entries, root);
      chmodSync(bytes(path), node.mode ?? 0o755);
      utimesSync(bytes(path), TIME, node.mtime ?? TIME);
    } else {
      writeFileSync(bytes(path), node.content ?? '');
      chmodSync(bytes(path), node.mode ?? 0o644);
      utimesSync(bytes(path), TIME, node.mtime ?? TIME);
    }
  }
  utimesSync(bytes(top), TIME, TIME);
}

/**
 * A tree as a list of lines that are equal where the trees are: kind, mode, owner, time, links, name, content. Times of
 * the last hour are those of the test's own writing and all the same.
 */
export function describeTree(top: string): string[] {
  const hourAgo = Date.now() - 3_600_000;
  const inodes = new Map<number, string>();
  const walk = (directory: string): string[] =>
    readdirSync(bytes(directory), { encoding: 'buffer' })
      .map((name) => name.toString('latin1'))
      .sort()
      .flatMap((name) => {
        const path = `${directory}/${name}`;
        const stat = lstatSync(bytes(path));
        const shown = path.slice(top.length + 1);
        const first = stat.isDirectory() ? shown : (inodes.get(stat.ino) ?? shown);
        inodes.set(stat.ino, first);
        const line = [
          stat.isDirectory() ? 'd' : stat.isSymbolicLink() ? 'l' : stat.isFile() ? 'f' : '?',
          (stat.mode & 0o7777).toString(8),
          `${stat.uid}:${stat.gid}`,
          stat.mtimeMs > hourAgo ? 'now' : Math.floor(stat.mtimeMs),
          first === shown ? '' : `=${first}`,
          JSON.stringify(shown),
          stat.isFile() ? readFileSync(bytes(path), 'latin1') : '',
          stat.isSymbolicLink() ? readlinkSync(bytes(path), 'latin1') : '',
        ].join(' ');
        return stat.isDirectory() ? [line, ...walk(path)] : [line];
      });
  return walk(top);
}
