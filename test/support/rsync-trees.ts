import type { TreeSpec } from './tree.ts';

const OLD = 1_600_000_000;

/** A tree with everything that can stand in one, names that are hard to handle among it. */
export const BASE: TreeSpec = {
  file: 'content',
  script: { content: '#!/bin/sh\n', mode: 0o755 },
  empty: '',
  private: { content: 'secret', mode: 0o600 },
  link: { target: 'file' },
  dangling: { target: 'no/such/place' },
  dirlink: { target: 'dir' },
  'becomes file': 'x',
  'new\nline': 'x',
  'bytes\xff\xfe': 'x',
  '\xc3\xa9t\xc3\xa9': 'x',
  '.hidden': 'x',
  '-dash': 'x',
  hard: { sameAs: 'file' },
  dir: { entries: { inner: 'inner', deep: { entries: { leaf: 'leaf' } } }, mode: 0o750, mtime: OLD },
  'empty dir': { entries: {}, mtime: OLD },
};

/** Away from BASE in every way there is. */
export const CHANGED: TreeSpec = {
  file: 'CONTENT',
  script: { content: '#!/bin/sh\n', mode: 0o700 },
  empty: 'no more',
  private: { content: 'secret', mode: 0o600, mtime: OLD },
  link: { target: 'script' },
  dangling: 'a file now',
  'becomes file': { entries: { inner: 'x' } },
  dir: { entries: { added: 'x', deep: 'a file now' } },
  extra: 'x',
  'extra dir': { entries: { a: 'x', b: { entries: { c: 'x' } } } },
};

/** What a snapshot before BASE may have been. */
export const BASIS: TreeSpec = {
  file: 'content',
  script: { content: '#!/bin/sh\n', mode: 0o700 },
  empty: { content: '', mtime: OLD },
  private: 'SECRET',
  link: { target: 'file' },
  dangling: { target: 'elsewhere' },
  dir: { entries: { inner: 'inner', deep: { entries: { leaf: 'leaf' } } }, mode: 0o750, mtime: OLD },
};

/** What rsync says besides of the run, that the destination was made, and the removal of a directory that a file replaces. */
const OWN_WAYS =
  /^(created |skipping |cannot delete |cd\+{9} \.\/$|\.d\S* \.\/$|\*deleting {3}becomes file\/$)/;

/** Lines on single entries, in one order: rsync tells files before directories, we go by name. */
export const itemLines = (stdout: string): string[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '' && !OWN_WAYS.test(line))
    .sort();
