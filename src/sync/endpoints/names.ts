import { type ByteString, byteString, toText } from '../../system/byte-string.ts';
import { failure } from '../../system/errors.ts';
import type { RelPath } from '../entry.ts';

/** The last component; empty for the root. */
export const nameOf = (path: RelPath): ByteString => byteString(path.slice(path.lastIndexOf('/') + 1));

/** The directory that holds `path`; the root is its own. */
export const parentOf = (path: RelPath): RelPath =>
  byteString(path.slice(0, Math.max(path.lastIndexOf('/'), 0)));

/** For people: a path below a root. */
export function pathText(root: ByteString, path: RelPath): string {
  if (path === '') return toText(root);
  return toText(byteString(root.endsWith('/') ? root + path : `${root}/${path}`));
}

/** Names come from other hosts: one that would lead elsewhere is refused here too, whoever let it pass before. */
export function refuseUnsafe(name: ByteString, directory: string): void {
  if (name === '' || name === '.' || name === '..' || name.includes('\0')) {
    throw failure('UNSAFE_NAME', { path: directory, name: toText(name) });
  }
}
