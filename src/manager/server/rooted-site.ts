import type { Site } from '../../sync/endpoints/site.ts';
import { isWithin } from '../../sync/resolve.ts';
import { type ByteString, byteString } from '../../system/byte-string.ts';

/**
 * A host whose sshd shows another root to who logs in (`ChrootDirectory`), so that PostgreSQL's paths begin with what SFTP
 * leaves out. Every path of the server comes to a site by `real`; what that gives is SFTP's.
 */
export function rootedSite(site: Site, root: ByteString): Site {
  return {
    name: site.name,
    privileged: site.privileged,
    real: (path) => site.real(without(root, path)),
    absolute: (path) => site.absolute(path),
    open: (path) => site.open(path),
    spec: (path) => site.spec(path),
    clock: () => site.clock(),
    flusher: (proof) => site.flusher(proof),
    ownerNames: (uids, gids) => site.ownerNames(uids, gids),
    allOwners: () => site.allOwners(),
    [Symbol.asyncDispose]: () => site[Symbol.asyncDispose](),
  };
}

function without(root: ByteString, path: ByteString): ByteString {
  const prefix = root.replace(/\/+$/, '');
  if (prefix === '' || !isWithin(path, byteString(prefix))) return path;
  return byteString(path.slice(prefix.length) || '/');
}
