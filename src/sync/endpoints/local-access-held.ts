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
import { nameOf, parentOf, pathText, refuseUnsafe } from './names.ts';

/** open(2), Linux; `node:fs` does not name it. Needs no right to read the directory, as no path lookup does. */
const O_PATH = 0o10000000;
const FOLLOWED = O_PATH | fs.constants.O_DIRECTORY;
const NOT_FOLLOWED = FOLLOWED | fs.constants.O_NOFOLLOW;

/** How many directories stay open between calls: the way down two trees, and their latest neighbours. */
const CAPACITY = 128;

interface Handle {
  readonly path: RelPath;
  readonly fd: number;
  readonly prefix: ByteString;
  readonly parent: Handle | undefined;
  /** Directories in it that are held. As long as there is one, this one is held too. */
  children: number;
  used: number;
}

export function heldAccess(root: ByteString): LocalAccess {
  const handles = new Map<RelPath, Handle>();
  let clock = 0;

  const hold = (path: RelPath, fd: number, parent: Handle | undefined): Handle => {
    const prefix = byteString(`/proc/self/fd/${fd}/`);
    const handle = { path, fd, prefix, parent, children: 0, used: 0 };
    handles.set(path, handle);
    if (parent !== undefined) parent.children++;
    return handle;
  };

  const drop = ({ path, fd, parent }: Handle): void => {
    handles.delete(path);
    if (parent !== undefined) parent.children--;
    fs.closeSync(fd);
  };

  /** Closes what was not used for longest, but never what the last call returned. */
  const makeRoom = (): void => {
    while (handles.size > CAPACITY) {
      let oldest: Handle | undefined;
      for (const handle of handles.values()) {
        if (handle.children === 0 && handle.used < (oldest?.used ?? clock)) oldest = handle;
      }
      if (oldest === undefined) return;
      drop(oldest);
    }
  };

  const open = (path: RelPath): Handle => {
    if (path === '') return hold(path, fs.openSync(toFsPath(root), FOLLOWED), undefined);
    const name = nameOf(path);
    refuseUnsafe(name, toText(root));
    const parent = walk(parentOf(path));
    const place = toFsPath(byteString(parent.prefix + name));
    try {
      return hold(path, fs.openSync(place, NOT_FOLLOWED), parent);
    } catch (error) {
      // The kernel says ENOTDIR of a symbolic link too; people are told which it was.
      if (!fs.lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink()) throw error;
      throw failure('SYMLINK_IN_PATH', { path: pathText(root, path) }, error);
    }
  };

  /** From the nearest directory held, one component at a time. */
  const walk = (path: RelPath): Handle => {
    const handle = handles.get(path) ?? open(path);
    handle.used = ++clock;
    return handle;
  };

  return {
    prefix(directory) {
      // Before the walk and not during it, when the way down is not held by anything below it yet.
      if (handles.size > CAPACITY && !handles.has(directory)) makeRoom();
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
    forget(path) {
      // What is not held holds nothing below it: the common case, since most of what is moved is a file.
      if (!handles.has(path)) return;
      const below = `${path}/`;
      for (const handle of handles.values()) {
        if (path === '' || handle.path === path || handle.path.startsWith(below)) drop(handle);
      }
    },
    close() {
      for (const handle of handles.values()) drop(handle);
    },
  };
}
