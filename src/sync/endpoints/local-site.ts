import fs from 'node:fs';
import { type ByteString, byteString, fromText, toFsPath } from '../../system/byte-string.ts';
import { fromErrno } from '../../system/errno.ts';
import { localEndpoint } from './local.ts';
import type { Site } from './site.ts';

/** This machine. */
export function localSite(): Site {
  return {
    name: '',
    privileged: process.geteuid?.() === 0,
    async real(path) {
      try {
        return byteString(fs.realpathSync.native(toFsPath(path), 'latin1'));
      } catch (error) {
        const failed = fromErrno(error, path);
        if (failed.code === 'NOT_FOUND' || failed.code === 'NOT_A_DIRECTORY') return undefined;
        throw failed;
      }
    },
    async absolute(path) {
      return path.startsWith('/') ? path : joinAbsolute(fromText(process.cwd()), path);
    },
    async open(root) {
      return localEndpoint(root);
    },
    spec: (root) => ({ kind: 'local', root }),
    async [Symbol.asyncDispose]() {},
  };
}

/** Joined as text: `..` is left to the file system, which knows where links lead. */
function joinAbsolute(directory: ByteString, path: ByteString): ByteString {
  return byteString(directory === '/' ? `/${path}` : `${directory}/${path}`);
}
