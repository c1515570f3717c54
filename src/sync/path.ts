import { type ByteString, byteString } from '../system/byte-string.ts';
import type { RelPath } from './entry.ts';

/** The root of an endpoint. */
export const ROOT: RelPath = byteString('');

export function joinPath(directory: RelPath, name: RelPath): RelPath {
  if (directory === '') return name;
  return name === '' ? directory : byteString(`${directory}/${name}`);
}

export function parentOf(path: RelPath): RelPath {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? ROOT : byteString(path.slice(0, slash));
}

export function nameOf(path: RelPath): ByteString {
  return byteString(path.slice(path.lastIndexOf('/') + 1));
}

/**
 * The order in which trees are walked: component by component, each by raw bytes. A plain string comparison would put
 * `a-b` between `a` and `a/c`.
 */
export function comparePaths(a: RelPath, b: RelPath): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return x === SLASH ? -1 : y === SLASH ? 1 : x - y;
  }
  return a.length - b.length;
}

const SLASH = 0x2f;
