/**
 * Linux: directories are held open and entries reached through `/proc/self/fd/N/name`, which is openat(2) and its like
 * without native code. Each component is opened from its parent's handle and not followed, so a directory that somebody
 * swaps for a symbolic link while we work leads nowhere (the class of CVE-2024-12747 and CVE-2026-29518 in rsync).
 */
import fs from 'node:fs';
import { type ByteString, byteString, toFsPath, toText } from '../../system/byte-string.ts';
import { failure } from '../../system/errors.ts';
import type { RelPath } from '../entry.ts';
import type { LocalAccess } from './local-access.ts';
import { applyAttributes, byPath, refuseShared } from './local-attributes.ts';
import { nameOf, parentOf, refuseUnsafe } from './names.ts';

/** open(2), Linux; `node:fs` does not name it. Needs no right to read the directory, as no path lookup does. */
const O_PATH = 0o10000000;
const FOLLOWED = O_PATH | fs.constants.O_DIRECTORY;
const NOT_FOLLOWED = FOLLOWED | fs.constants.O_NOFOLLOW;

/** How many directories stay open between calls: the way down two trees, and their latest neighbours. */
const CAPACITY = 128;

interface Handle {
  readonly fd: number;
  readonly prefix: ByteString;
  used: number;
}

export function heldAccess(root: ByteString): LocalAccess {
  const handles = new Map<string, Handle>();
  let clock = 0;

  const hold = (path: string, fd: number): Handle => {
    const handle = { fd, prefix: byteString(`/proc/self/fd/${fd}/`), used: 0 };
    handles.set(path, handle);
    return handle;
  };

  const drop = (path: string, { fd }: Handle): void => {
    handles.delete(path);
    fs.closeSync(fd);
  };

  /** The root stays: its path could lead to another directory by now. */
  const dropLeastUsed = (): void => {
    let oldest: [string, Handle] | undefined;
    for (const item of handles) {
      if (item[0] !== '' && (oldest === undefined || item[1].used < oldest[1].used)) oldest = item;
    }
    if (oldest !== undefined) drop(...oldest);
  };

  const open = (parent: Handle, name: ByteString, path: string): Handle => {
    refuseUnsafe(name, toText(root));
    const place = toFsPath(byteString(parent.prefix + name));
    try {
      return hold(path, fs.openSync(place, NOT_FOLLOWED));
    } catch (error) {
      // The kernel says ENOTDIR of a symbolic link too; people are told which it was.
      if (!fs.lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink()) throw error;
      throw failure('SYMLINK_IN_PATH', { path: toText(byteString(`${root}/${path}`)) }, error);
    }
  };

  /** From the nearest directory held, one component at a time. */
  const walk = (path: RelPath): Handle => {
    const handle = handles.get(path) ?? reach(path);
    handle.used = ++clock;
    return handle;
  };

  const reach = (path: RelPath): Handle => {
    if (path === '') return hold('', fs.openSync(toFsPath(root), FOLLOWED));
    return open(walk(parentOf(path)), nameOf(path), path);
  };

  return {
    prefix(directory) {
      // Before the walk and never during it: what the call before returned is the last to go.
      if (!handles.has(directory)) while (handles.size > CAPACITY) dropLeastUsed();
      return walk(directory).prefix;
    },
    setAttributes(place, attributes, path) {
      // chmod(2) follows symbolic links; through a handle on the entry itself nothing can be put in between.
      const fd = fs.openSync(place, O_PATH | fs.constants.O_NOFOLLOW);
      try {
        const stats = fs.fstatSync(fd);
        refuseShared(stats, path);
        const link = stats.isSymbolicLink();
        const calls = byPath(`/proc/self/fd/${fd}`);
        applyAttributes(attributes, link ? { ...calls, chmod: () => {} } : calls);
      } finally {
        fs.closeSync(fd);
      }
    },
    forget(path: RelPath) {
      const below = `${path}/`;
      for (const [key, handle] of handles) {
        if (path === '' || key === path || key.startsWith(below)) drop(key, handle);
      }
    },
    close() {
      for (const [key, handle] of handles) drop(key, handle);
    },
  };
}
