import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cellarman } from '../support/built-cli.ts';
import { requireProgram } from '../support/programs.ts';
import { requireSftpServer, sftpServer } from '../support/sftp-server-process.ts';
import { type DirectorySpec, plant, type TreeSpec } from '../support/tree.ts';

const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;
const MTIME = 1_700_000_000;

let scratch: string;
let count = 0;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'cellarman-sync-modes-'));
  chmodSync(scratch, 0o755);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function place(trees: Readonly<Record<string, TreeSpec>>): (name: string) => string {
  const directory = join(scratch, `${++count}`);
  mkdirSync(directory);
  for (const [name, spec] of Object.entries(trees)) plant(join(directory, name), spec);
  return (name) => join(directory, name);
}

const namesBelow = (path: string): string[] =>
  readdirSync(path, { recursive: true, encoding: 'utf8' }).sort();
const dir = (entries: TreeSpec): DirectorySpec => ({ entries });

describe('a directory without write permission', () => {
  const tree: TreeSpec = {
    d: { entries: { file: { content: 'x', mtime: MTIME } }, mode: 0o555, mtime: MTIME },
  };

  it('keeps its mode where nothing is to be done in it', () => {
    const at = place({ s: tree, d: tree });
    for (let run = 0; run < 2; run++) {
      expect(cellarman(['sync', '-a', '-i', `${at('s')}/`, at('d')]).stdout).not.toContain('d/');
      expect(statSync(at('d/d')).mode & 0o777).toBe(0o555);
    }
  });
});

// Permissions stop root nowhere: it lends the server to somebody else.
const lends = isRoot ? requireProgram('setpriv') : true;
describe.skipIf(!requireSftpServer() || !lends)('a host that is not entered as root', () => {
  let rsh: string;
  beforeAll(() => {
    rsh = join(scratch, 'rsh');
    const lent = isRoot ? `setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups ` : '';
    writeFileSync(rsh, `#!/bin/sh\nexec ${lent}${sftpServer}\n`, { mode: 0o755 });
  });

  /** Gives directories to the server's user. */
  function give(at: (name: string) => string, modes: Readonly<Record<string, number>>): void {
    for (const [name, mode] of Object.entries(modes).reverse()) {
      if (isRoot) chownSync(at(name), NOBODY, NOBODY);
      chmodSync(at(name), mode);
    }
  }

  it('removes nothing for a directory of the source that can be read and not entered', () => {
    const at = place({ s: { d: dir({ a: 'a', b: 'b' }), e: 'e' }, d: { d: dir({ a: 'a' }), extra: 'x' } });
    give(at, { s: 0o755, 's/d': 0o444 });
    const { status, stderr } = cellarman(['sync', '-rl', '--delete', '-e', rsh, `h:${at('s')}/`, at('d')]);
    expect([status, stderr]).toEqual([23, expect.stringContaining(`permission denied: h:${at('s')}/d\n`)]);
    expect(namesBelow(at('d'))).toEqual(['d', 'd/a', 'e', 'extra']);
  });

  it.each(['-rlp', '-rl'])('fills and empties directories without write permission (%s)', (options) => {
    const d: TreeSpec = { d: dir({ old: dir({ deep: dir({ file: 'x' }) }) }) };
    const at = place({ s: { d: dir({ new: 'new' }) }, d });
    give(at, { d: 0o555, 'd/d': 0o555, 'd/d/old': 0o555, 'd/d/old/deep': 0o555 });
    const { status, stderr } = cellarman([
      'sync',
      options,
      '--delete',
      '-e',
      rsh,
      `${at('s')}/`,
      `h:${at('d')}`,
    ]);
    expect([status, stderr]).toEqual([0, '']);
    expect(namesBelow(at('d'))).toEqual(['d', 'd/new']);
    const kept = options === '-rlp' ? 0o755 : 0o555;
    for (const name of ['d', 'd/d']) expect(statSync(at(name)).mode & 0o777).toBe(kept);
  });

  it('leaves a directory as it was that holds something protected', () => {
    const at = place({ s: {}, d: { d: dir({ kept: 'x', old: 'x' }) } });
    give(at, { d: 0o755, 'd/d': 0o555 });
    const words = ['-r', '--delete', '--exclude=kept', '-e', rsh, `${at('s')}/`, `h:${at('d')}`];
    cellarman(['sync', ...words]);
    expect(namesBelow(at('d'))).toEqual(['d', 'd/kept']);
    expect(statSync(at('d/d')).mode & 0o777).toBe(0o555);
  });
});
