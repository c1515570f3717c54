import { isEntryName } from '../../ssh/sftp/directory.ts';
import { type ByteString, byteString, toText } from '../../system/byte-string.ts';
import { failure } from '../../system/errors.ts';
import type { RelPath } from '../entry.ts';
import { nameOf, parentOf } from './names.ts';

/** Where the entries of a tree lie on the server. */
export class SftpPlaces {
  readonly #root: ByteString;
  readonly #prefix: string;
  /** For people: `host:/srv/data`. */
  readonly name: string;

  /** `root` is absolute or relative to the directory the server starts in, which is also meant by the empty string. */
  constructor(root: ByteString, name: string) {
    this.#root = root === '' ? byteString('.') : root;
    this.#prefix = this.#root.endsWith('/') ? this.#root : `${this.#root}/`;
    this.name = name;
  }

  /** The server's path. UNSAFE_NAME where the last component is none; those before it are checked as directories. */
  place(path: RelPath): ByteString {
    if (path === '') return this.#root;
    const name = nameOf(path);
    if (!isEntryName(name))
      throw failure('UNSAFE_NAME', { path: this.text(parentOf(path)), name: toText(name) });
    return byteString(this.#prefix + path);
  }

  /** The path as people know it. */
  text(path: RelPath): string {
    return path === '' ? this.name : `${this.name}/${toText(path)}`;
  }
}
