/**
 * Where directories cannot be held (anything but Linux, or no /proc): every component is looked at before each call. A
 * symbolic link that stands there is refused; one planted between the look and the call is not, which only a tree that
 * nobody else can write rules out.
 */
import fs from 'node:fs';
import { type ByteString, byteString, toFsPath, toText } from '../../system/byte-string.ts';
import { failure } from '../../system/errors.ts';
import type { LocalAccess } from './local-access.ts';
import { applyAttributes, byPath, refuseShared } from './local-attributes.ts';
import { refuseUnsafe } from './names.ts';

export function checkedAccess(root: ByteString): LocalAccess {
  return {
    prefix(directory) {
      let place = root;
      for (const part of directory === '' ? [] : directory.split('/')) {
        const name = byteString(part);
        refuseUnsafe(name, toText(root));
        place = byteString(`${place}/${name}`);
        const stats = fs.lstatSync(toFsPath(place));
        if (stats.isSymbolicLink()) throw failure('SYMLINK_IN_PATH', { path: toText(place) });
        if (!stats.isDirectory()) throw failure('NOT_A_DIRECTORY', { path: toText(place) });
      }
      return byteString(`${place}/`);
    },
    setAttributes(place, attributes, path) {
      const calls = byPath(place);
      const stats = fs.lstatSync(place);
      refuseShared(stats, path);
      const link = stats.isSymbolicLink();
      applyAttributes(attributes, {
        chown: (uid, gid) => fs.lchownSync(place, uid, gid),
        chmod: link ? () => {} : calls.chmod,
        utimes: (atime, mtime) => fs.lutimesSync(place, atime, mtime),
      });
    },
    forget() {},
    close() {},
  };
}
