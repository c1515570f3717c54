import fs from 'node:fs';
import { type ByteString, byteString, fromText, toFsPath, toText } from '../../system/byte-string.ts';
import { fromErrno } from '../../system/errno.ts';
import { failure } from '../../system/errors.ts';
import { SAME_CLOCK } from '../clock.ts';
import { localEndpoint } from './local.ts';
import { localFlusher } from './local-flusher.ts';
import { parentOf } from './names.ts';
import { parseOwnerFiles } from './owner-files.ts';
import type { OwnerNames, Site } from './site.ts';

/** This machine. */
export function localSite(): Site {
  return {
    name: '',
    privileged: process.geteuid?.() === 0,
    async real(path) {
      try {
        return byteString(fs.realpathSync.native(toFsPath(path), 'latin1'));
      } catch (error) {
        // Here every link is followed: the chain of them does not end.
        if ((error as NodeJS.ErrnoException).code === 'ELOOP')
          throw failure('SYMLINK_LOOP', { path: toText(path) }, error);
        const failed = fromErrno(error, toText(path));
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
    clock: async () => SAME_CLOCK,
    flusher: ({ path }) => localFlusher(parentOf(path)),
    ownerNames: async () => localOwners(),
    allOwners: async () => localOwners(),
    async [Symbol.asyncDispose]() {},
  };
}

function localOwners(): OwnerNames {
  const read = (path: string): string => (fs.existsSync(path) ? fs.readFileSync(path, 'utf8') : '');
  return parseOwnerFiles(read('/etc/passwd'), read('/etc/group'));
}

/** Joined as text: `..` is left to the file system, which knows where links lead. */
function joinAbsolute(directory: ByteString, path: ByteString): ByteString {
  return byteString(directory === '/' ? `/${path}` : `${directory}/${path}`);
}
