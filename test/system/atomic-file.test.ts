import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { writeFileAtomically } from '../../src/system/atomic-file.ts';
import { byteString, fromText } from '../../src/system/byte-string.ts';

let directory: string;
let file: string;

beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'cellarman-atomic-'));
  file = path.join(directory, 'backup.info');
});
afterEach(() => {
  fs.rmSync(directory, { recursive: true });
});

test('writes text and bytes with the mode asked for, whatever the umask', async () => {
  const umask = process.umask(0o077);
  try {
    await writeFileAtomically(fromText(file), 'text ä\n', 0o664);
  } finally {
    process.umask(umask);
  }
  expect(fs.readFileSync(file, 'utf8')).toBe('text ä\n');
  expect(fs.statSync(file).mode & 0o7777).toBe(0o664);
  await writeFileAtomically(fromText(file), Buffer.from([0, 255]), 0o600);
  expect([...fs.readFileSync(file)]).toEqual([0, 255]);
  expect(fs.statSync(file).mode & 0o7777).toBe(0o600);
  expect(fs.readdirSync(directory)).toEqual(['backup.info']);
});

test('readers find one of the contents, always whole', async () => {
  const contents = Array.from({ length: 40 }, (_, i) => String.fromCharCode(65 + i).repeat(50_000));
  await writeFileAtomically(fromText(file), 'A'.repeat(50_000), 0o600);
  let writing = true;
  const writers = Promise.all(contents.map((content) => writeFileAtomically(fromText(file), content, 0o600)));
  void writers.finally(() => {
    writing = false;
  });
  while (writing) {
    const found = fs.readFileSync(file, 'utf8');
    expect(contents).toContain(found);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await writers;
  expect(fs.readdirSync(directory)).toEqual(['backup.info']);
});

test('content is on the disk before the name, and the name before it is done', async () => {
  const order: string[] = [];
  const handle = await fs.promises.open(directory);
  const prototype = Object.getPrototypeOf(handle) as fs.promises.FileHandle;
  await handle.close();
  const sync = vi.spyOn(prototype, 'sync').mockImplementation(async () => {
    order.push('sync');
  });
  const rename = vi.spyOn(fs.promises, 'rename').mockImplementation(async (from, to) => {
    order.push('rename');
    fs.renameSync(from, to);
  });
  try {
    await writeFileAtomically(fromText(file), 'x', 0o600);
  } finally {
    sync.mockRestore();
    rename.mockRestore();
  }
  expect(order).toEqual(['sync', 'rename', 'sync']);
});

test('a symbolic link of that name is replaced, not followed', async () => {
  fs.writeFileSync(path.join(directory, 'target'), 'kept');
  fs.symlinkSync('target', file);
  await writeFileAtomically(fromText(file), 'new', 0o600);
  expect(fs.readFileSync(path.join(directory, 'target'), 'utf8')).toBe('kept');
  expect(fs.lstatSync(file).isFile()).toBe(true);
});

test('another name of the old file keeps the old content', async () => {
  fs.writeFileSync(file, 'old');
  fs.linkSync(file, path.join(directory, 'other'));
  await writeFileAtomically(fromText(file), 'new', 0o600);
  expect(fs.readFileSync(path.join(directory, 'other'), 'utf8')).toBe('old');
});

test('names as long as names can be, of any bytes', async () => {
  const name = `${'\xff'.repeat(254)}n`;
  await writeFileAtomically(byteString(`${directory}/${name}`), 'x', 0o600);
  expect(fs.readdirSync(directory, 'latin1')).toEqual([name]);
});

test('a failure leaves nothing behind and says what it was', async () => {
  fs.mkdirSync(file);
  await expect(writeFileAtomically(fromText(file), 'x', 0o600)).rejects.toMatchObject({
    code: 'IS_A_DIRECTORY',
    facts: { path: file },
  });
  expect(fs.readdirSync(directory)).toEqual(['backup.info']);
  await expect(writeFileAtomically(fromText(`${directory}/no/x`), 'x', 0o600)).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
});

test('a disk that is full is found out before the old file is gone', async () => {
  fs.writeFileSync(file, 'old');
  const handle = await fs.promises.open(directory);
  const prototype = Object.getPrototypeOf(handle) as fs.promises.FileHandle;
  await handle.close();
  const sync = vi
    .spyOn(prototype, 'sync')
    .mockRejectedValueOnce(Object.assign(new Error('full'), { code: 'ENOSPC' }));
  try {
    await expect(writeFileAtomically(fromText(file), 'new', 0o600)).rejects.toMatchObject({
      code: 'NO_SPACE',
    });
  } finally {
    sync.mockRestore();
  }
  expect(fs.readFileSync(file, 'utf8')).toBe('old');
  expect(fs.readdirSync(directory)).toEqual(['backup.info']);
});
