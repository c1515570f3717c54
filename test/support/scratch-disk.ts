import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { findProgram } from './programs.ts';

/** A small file system of its own, for what full and read-only disks do. */
export interface ScratchDisk {
  readonly path: string;
  makeReadOnly(): void;
  unmount(): void;
}

function run(program: string, ...args: string[]): boolean {
  const path = findProgram(program);
  return path !== undefined && spawnSync(path, args).status === 0;
}

let told = false;

/** For `it.skipIf(!canMount(directory))`: whether the one who runs the tests may mount; no package could grant it. */
export function canMount(): boolean {
  if (process.getuid?.() === 0 && run('unshare', '--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt'))
    return true;
  if (!told) process.stderr.write('skipped: tests with full and read-only disks need the right to mount\n');
  told = true;
  return false;
}

/** @param size as mount(8) has it: `1m` */
export function mountScratchDisk(path: string, size: string): ScratchDisk {
  mkdirSync(path);
  if (!run('mount', '-t', 'tmpfs', '-o', `size=${size}`, 'none', path))
    throw new Error(`cannot mount ${path}`);
  return {
    path,
    makeReadOnly: () => {
      if (!run('mount', '-o', 'remount,ro', path)) throw new Error(`cannot remount ${path}`);
    },
    unmount: () => void run('umount', '-l', path),
  };
}

export type Mounted = Pick<ScratchDisk, 'unmount'>;

/** Shows a directory in a second place. */
export function bindDirectory(directory: string, path: string): Mounted {
  if (!run('mount', '--bind', directory, path)) throw new Error(`cannot mount ${path}`);
  return { unmount: () => void run('umount', '-l', path) };
}
