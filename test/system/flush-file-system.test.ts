import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { byteString, fromText, toFsPath } from '../../src/system/byte-string.ts';
import { flushFileSystem } from '../../src/system/flush-file-system.ts';
import { requireProgram } from '../support/programs.ts';

let directory: string;

beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'cellarman-flush-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  fs.rmSync(directory, { recursive: true });
});

/** A program of the name `sync` that stands in for the real one. */
function stubSync(script: string): void {
  fs.writeFileSync(path.join(directory, 'sync'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  vi.stubEnv('PATH', directory);
}

describe.skipIf(process.platform !== 'linux' || !requireProgram('sync'))('flushFileSystem', () => {
  test('flushes the file system of a directory of any name', async () => {
    expect(await flushFileSystem(fromText(directory))).toBe(true);
    const odd = byteString(`${directory}/-f\xff\n`);
    fs.mkdirSync(toFsPath(odd));
    expect(await flushFileSystem(odd)).toBe(true);
  });

  test('hands over that directory', async () => {
    stubSync('[ "$1" = -f ] && [ "$(/usr/bin/readlink "$2")" = "$EXPECTED" ] || { echo wrong >&2; exit 1; }');
    vi.stubEnv('EXPECTED', directory);
    expect(await flushFileSystem(fromText(directory))).toBe(true);
  });

  test('says that it cannot where there is no such program', async () => {
    vi.stubEnv('PATH', directory);
    expect(await flushFileSystem(fromText(directory))).toBe(false);
    stubSync('echo "sync: invalid option -- f" >&2; exit 1');
    expect(await flushFileSystem(fromText(directory))).toBe(false);
  });

  test('reports what could not be written', async () => {
    stubSync('echo "sync: error syncing: Input/output error" >&2; exit 1');
    await expect(flushFileSystem(fromText(directory))).rejects.toMatchObject({
      code: 'IO',
      facts: { path: directory, detail: 'sync: error syncing: Input/output error' },
    });
    stubSync('kill -9 $$');
    await expect(flushFileSystem(fromText(directory))).rejects.toMatchObject({ code: 'IO' });
  });

  test('needs a directory', async () => {
    await expect(flushFileSystem(fromText(`${directory}/no`))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
