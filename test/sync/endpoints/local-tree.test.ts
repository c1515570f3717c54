import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Endpoint } from '../../../src/sync/endpoint.ts';
import { localEndpoint } from '../../../src/sync/endpoints/local.ts';
import type { RelPath } from '../../../src/sync/entry.ts';
import { byteString, fromText } from '../../../src/system/byte-string.ts';
import { codeOf, readFile, writeFile } from '../../contract/files.ts';
import { requireProgram } from '../../support/programs.ts';

const p = (text: string): RelPath => fromText(text);

let root: string;
let endpoint: Endpoint;

beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'cellarman-tree-'));
  endpoint = localEndpoint(fromText(root));
});
afterEach(async () => {
  await endpoint.close();
  // Node's own removal cannot do paths as long as the ones made here.
  spawnSync('rm', ['-rf', root]);
});

const inRoot = (...parts: string[]): string => path.join(root, ...parts);
const openDescriptors = (): number => fs.readdirSync('/proc/self/fd').length;

describe('the root', () => {
  test('may be a symbolic link', async () => {
    fs.symlinkSync(root, inRoot('link'));
    const linked = localEndpoint(fromText(inRoot('link')));
    await writeFile(linked, p('file'), 'x');
    expect(await linked.lookup(p(''))).toMatchObject({ type: 'directory', name: '' });
    expect(fs.existsSync(inRoot('file'))).toBe(true);
    await linked.close();
  });

  test('need not be there, and can be made and removed', async () => {
    const fresh = localEndpoint(fromText(inRoot('new')));
    expect(await fresh.lookup(p(''))).toBeUndefined();
    expect(await codeOf(fresh.list(p('')))).toBe('NOT_FOUND');
    await fresh.makeDirectory(p(''), 0o700);
    expect(await codeOf(fresh.makeDirectory(p(''), 0o700))).toBe('EXISTS');
    expect(await fresh.list(p(''))).toEqual([]);
    await fresh.removeDirectory(p(''));
    expect(await fresh.lookup(p(''))).toBeUndefined();
    await fresh.makeDirectory(p(''), 0o700);
    expect(await fresh.list(p(''))).toEqual([]);
    await fresh.close();
  });

  test('may be the root of everything', async () => {
    const all = localEndpoint(p('/'));
    const found = await all.lookup(fromText(root.slice(1)));
    expect(found).toMatchObject({ type: 'directory', name: path.basename(root) });
    await expect(all.list(p('no/such'))).rejects.toMatchObject({ facts: { path: '/no/such' } });
    await all.close();
  });
});

describe('times', () => {
  test('before 1970 and beyond 2106 are exact to the microsecond, on files, open files and links', async () => {
    const times = [-1, -999_999, -1_000_001, -2_000_000_000_123_456, 5_000_000_000_987_654];
    for (const [index, time] of times.entries()) {
      const file = p(`file${index}`);
      await writeFile(endpoint, file, 'x', { mtime: time });
      expect((await endpoint.lookup(file))?.mtime).toBe(time);
      await endpoint.setAttributes(file, { mtime: 0 });
      await endpoint.setAttributes(file, { mtime: time });
      expect((await endpoint.lookup(file))?.mtime).toBe(time);
      await endpoint.symlink(p(`link${index}`), p('nowhere'));
      await endpoint.setAttributes(p(`link${index}`), { mtime: time });
      expect((await endpoint.lookup(p(`link${index}`)))?.mtime).toBe(time);
    }
  });

  test('at random are exact to the microsecond', async () => {
    await writeFile(endpoint, p('file'), '');
    for (let i = 0; i < 2000; i++) {
      const mtime = Math.floor((Math.random() - 0.3) * 6e15);
      await endpoint.setAttributes(p('file'), { mtime });
      expect((await endpoint.lookup(p('file')))?.mtime).toBe(mtime);
    }
  });

  test.skipIf(!requireProgram('touch'))('with nanoseconds are floored', async () => {
    for (const [stamp, mtime] of [
      ['1700000000.123456999', 1_700_000_000_123_456],
      ['1700000000.999999999', 1_700_000_000_999_999],
      ['-0.000000001', -1],
      ['-5.000000999', -5_000_001],
    ] as const) {
      spawnSync('touch', ['-d', `@${stamp}`, inRoot('file')]);
      expect((await endpoint.lookup(p('file')))?.mtime, stamp).toBe(mtime);
    }
  });
});

describe('what is neither file, directory nor link', () => {
  test.skipIf(!requireProgram('mkfifo'))('a FIFO never blocks', async () => {
    spawnSync('mkfifo', [inRoot('fifo')]);
    expect(await endpoint.list(p(''))).toMatchObject([{ name: 'fifo', type: 'fifo', size: 0 }]);
    const opened = await endpoint.openRead(p('fifo'));
    expect((await opened.stat()).type).toBe('fifo');
    await opened.close();
    expect(await codeOf(readFile(endpoint, p('fifo')))).toBe('SPECIAL_FILE');
    await endpoint.removeFile(p('fifo'));
  });

  test('a socket', async () => {
    const server = net.createServer().listen(inRoot('socket'));
    expect((await endpoint.lookup(p('socket')))?.type).toBe('socket');
    expect(await codeOf(endpoint.openRead(p('socket')))).toBe('SPECIAL_FILE');
    await new Promise((resolve) => server.close(resolve));
  });

  test('a device', async () => {
    const devices = localEndpoint(p('/dev'));
    expect(await devices.lookup(p('null'))).toMatchObject({ type: 'device', size: 0 });
    await devices.close();
  });
});

describe('a tree that changes meanwhile', () => {
  test('what vanishes while a directory is listed was never there', async () => {
    fs.writeFileSync(inRoot('stays'), '');
    const spy = vi
      .spyOn(fs, 'readdirSync')
      .mockReturnValueOnce(['gone', 'stays'] as unknown as ReturnType<typeof fs.readdirSync>);
    const listed = await endpoint.list(p(''));
    expect(spy).toHaveBeenCalled();
    spy.mockRestore();
    expect(listed.map(({ name }) => name)).toEqual(['stays']);
  });

  test('a link that vanishes or becomes a file while it is read', async () => {
    fs.symlinkSync('x', inRoot('link'));
    for (const [change, type] of [
      [() => fs.writeFileSync(inRoot('link'), 'now a file'), 'file'],
      [() => {}, undefined],
    ] as const) {
      const read = fs.readlinkSync;
      const spy = vi.spyOn(fs, 'readlinkSync').mockImplementationOnce((place, options) => {
        fs.unlinkSync(inRoot('link'));
        change();
        return read(place, options as BufferEncoding);
      });
      expect((await endpoint.lookup(p('link')))?.type).toBe(type);
      spy.mockRestore();
      fs.rmSync(inRoot('link'), { force: true });
      fs.symlinkSync('x', inRoot('link'));
    }
  });

  test('a file that shrinks is read to its end', async () => {
    fs.writeFileSync(inRoot('file'), Buffer.alloc(1_000_000));
    const file = await endpoint.openRead(p('file'));
    let bytes = 0;
    for await (const block of file.read(0, 1_000_000)) {
      bytes += block.length;
      fs.truncateSync(inRoot('file'), 300_000);
    }
    expect(bytes).toBe(300_000);
    await file.close();
  });
});

describe.runIf(process.platform === 'linux')('held directories', () => {
  test('a directory swapped for a symbolic link by another process is left by nothing', async () => {
    fs.mkdirSync(inRoot('tree', 'd'), { recursive: true });
    fs.mkdirSync(inRoot('outside'));
    fs.writeFileSync(inRoot('outside', 'victim'), 'victim', { mode: 0o640 });
    const tree = localEndpoint(fromText(inRoot('tree')));
    await writeFile(tree, p('d/victim'), 'ours');
    fs.renameSync(inRoot('tree', 'd'), inRoot('tree', 'moved'));
    fs.symlinkSync('../outside', inRoot('tree', 'd'));

    await writeFile(tree, p('d/new'), 'x');
    await tree.setAttributes(p('d/victim'), { mode: 0o777, mtime: 0 });
    await tree.rename(p('d/new'), p('d/newer'));
    await tree.removeFile(p('d/victim'));
    await tree.makeDirectory(p('d/below'), 0o700);

    expect(fs.readdirSync(inRoot('outside'))).toEqual(['victim']);
    expect(fs.statSync(inRoot('outside', 'victim')).mode & 0o777).toBe(0o640);
    expect(fs.readdirSync(inRoot('tree', 'moved')).sort()).toEqual(['below', 'newer']);
    await tree.close();
    const later = localEndpoint(fromText(inRoot('tree')));
    expect(await codeOf(later.create(p('d/new')))).toBe('SYMLINK_IN_PATH');
    await later.close();
  });

  test('paths may be longer than the system takes, and trees deeper than directories are held', async () => {
    const name = 'n'.repeat(100);
    let deep = '';
    for (let depth = 0; depth < 300; depth++) {
      deep = depth === 0 ? name : `${deep}/${name}`;
      await endpoint.makeDirectory(p(deep), 0o700);
    }
    await writeFile(endpoint, p(`${deep}/from`), 'x');
    await endpoint.makeDirectory(p('flat'), 0o700);
    const later = localEndpoint(fromText(root));
    await later.link(p(`${deep}/from`), p('flat/to'));
    expect(fs.readFileSync(inRoot('flat', 'to'), 'utf8')).toBe('x');
    await later.rename(p('flat/to'), p(`${deep}/again`));
    await later.removeFile(p(`${deep}/from`));
    expect((await later.list(p(deep))).map((entry) => entry.name)).toEqual(['again']);
    await later.removeFile(p(`${deep}/again`));
    for (let path = deep; path !== ''; path = path.slice(0, Math.max(path.lastIndexOf('/'), 0))) {
      await later.removeDirectory(p(path));
    }
    expect(fs.readdirSync(root)).toEqual(['flat']);
    await later.close();
  });

  test('are given back, the least used first, and all at the end', async () => {
    const before = openDescriptors();
    const wide = localEndpoint(fromText(root));
    for (let i = 0; i < 400; i++) {
      await wide.makeDirectory(p(`d${i}`), 0o700);
      await writeFile(wide, p(`d${i}/file`), String(i));
      await wide.makeDirectory(p(`d${i}/below`), 0o700);
      await wide.list(p(`d${i}/below`));
    }
    expect(openDescriptors() - before).toBeLessThan(140);
    for (let i = 0; i < 400; i++) expect(String(await readFile(wide, p(`d${i}/file`)))).toBe(String(i));
    for (let i = 1; i < 400; i++) {
      await wide.link(p(`d${i}/file`), p(`d${400 - i}/link${i}`));
      await wide.rename(p(`d${i}/file`), p(`d${(i * 7) % 400}/moved${i}`));
    }
    for (let i = 1; i < 400; i++) {
      expect(String(await readFile(wide, p(`d${(i * 7) % 400}/moved${i}`)))).toBe(String(i));
    }
    await wide.close();
    expect(openDescriptors()).toBe(before);
  });

  test('below a renamed one are forgotten, also when many others were used since', async () => {
    await endpoint.makeDirectory(p('a'), 0o700);
    await endpoint.makeDirectory(p('a/b'), 0o700);
    for (let i = 0; i < 300; i++) {
      await endpoint.makeDirectory(p(`d${i}`), 0o700);
      await endpoint.list(p(`d${i}`));
      await endpoint.list(p('a/b'));
    }
    await endpoint.rename(p('a'), p('moved'));
    expect(await codeOf(endpoint.create(p('a/b/file')))).toBe('NOT_FOUND');
  });

  test('no call leaves a descriptor behind when it fails', async () => {
    await writeFile(endpoint, p('file'), 'x');
    await endpoint.link(p('file'), p('second'));
    await endpoint.list(p(''));
    const before = openDescriptors();
    await codeOf(endpoint.setAttributes(p('file'), { mode: 0o600 }));
    await codeOf(endpoint.setAttributes(p('no'), { mode: 0o600 }));
    await codeOf(endpoint.syncDirectory(p('file')));
    await codeOf(endpoint.create(p('file')));
    await codeOf(readFile(endpoint, p('file'), -5, 3));
    expect(openDescriptors()).toBe(before);
  });
});

describe.runIf(process.geteuid?.() === 0)('rights', () => {
  /** Calls run to their end at once, so the process can be somebody else for the length of one. */
  async function asNobody<T>(action: () => Promise<T>): Promise<T> {
    process.setegid?.(65534);
    process.seteuid?.(65534);
    try {
      return await action();
    } finally {
      process.seteuid?.(0);
      process.setegid?.(0);
    }
  }

  test('what may not be read or written says so', async () => {
    fs.chmodSync(root, 0o755);
    await endpoint.makeDirectory(p('closed'), 0o700);
    await endpoint.makeDirectory(p('walkable'), 0o700);
    await endpoint.setAttributes(p('walkable'), { mode: 0o711 });
    await writeFile(endpoint, p('walkable/open'), 'x', { mode: 0o644 });
    await writeFile(endpoint, p('secret'), 'x', { mode: 0o600 });
    const other = localEndpoint(fromText(root));
    await asNobody(async () => {
      expect(await codeOf(other.list(p('closed')))).toBe('PERMISSION_DENIED');
      expect(await codeOf(other.lookup(p('closed/x')))).toBe('PERMISSION_DENIED');
      expect(await codeOf(other.openRead(p('secret')))).toBe('PERMISSION_DENIED');
      expect(await codeOf(other.create(p('new')))).toBe('PERMISSION_DENIED');
      expect(await codeOf(other.removeFile(p('secret')))).toBe('PERMISSION_DENIED');
      expect(await codeOf(other.setAttributes(p('secret'), { mode: 0o666 }))).toBe('PERMISSION_DENIED');
      // A directory that cannot be read can still be walked through.
      expect(await codeOf(other.list(p('walkable')))).toBe('PERMISSION_DENIED');
      expect(String(await readFile(other, p('walkable/open')))).toBe('x');
    });
    await other.close();
  });

  test('owner and group are set, also each alone, and those of links', async () => {
    await writeFile(endpoint, p('file'), 'x', { uid: 5, gid: 6, mode: 0o6711 });
    expect(await endpoint.lookup(p('file'))).toMatchObject({ uid: 5, gid: 6, mode: 0o6711 });
    await endpoint.setAttributes(p('file'), { gid: 8 });
    expect(await endpoint.lookup(p('file'))).toMatchObject({ uid: 5, gid: 8 });
    await endpoint.symlink(p('link'), p('file'));
    await endpoint.setAttributes(p('link'), { uid: 9, gid: 9 });
    expect(await endpoint.lookup(p('link'))).toMatchObject({ uid: 9, gid: 9 });
    expect(await endpoint.lookup(p('file'))).toMatchObject({ uid: 5, gid: 8 });
  });
});

test('of two names the one that matters is told', async () => {
  await writeFile(endpoint, p('file'), 'x');
  await endpoint.makeDirectory(p('d'), 0o700);
  for (const call of [
    (from: string, to: string) => endpoint.link(p(from), p(to)),
    (from: string, to: string) => endpoint.rename(p(from), p(to)),
  ]) {
    await expect(call('missing', 'new')).rejects.toMatchObject({ facts: { path: inRoot('missing') } });
    await expect(call('file', 'd')).rejects.toMatchObject({ facts: { path: inRoot('d') } });
    await expect(call('file', 'no/new')).rejects.toMatchObject({ facts: { path: inRoot('no') } });
  }
});

test('files read one after another share one buffer', async () => {
  const buffers = new Set<ArrayBufferLike>();
  for (const name of ['a', 'b', 'c']) {
    await writeFile(endpoint, p(name), name);
    const file = await endpoint.openRead(p(name));
    for await (const block of file.read(0, 1)) buffers.add(block.buffer);
    await file.close();
  }
  expect(buffers.size).toBe(1);
});

test('messages show names so that they harm no terminal', async () => {
  await expect(endpoint.openRead(byteString('\x1b[31m\xff'))).rejects.toThrow(
    `${root}/\\#033[31m\\#377 does not exist`,
  );
});

test('space tells of a read-only file system', async () => {
  const readOnly = Object.assign(new Error('read-only'), { code: 'EROFS' });
  const spy = vi.spyOn(fs, 'accessSync').mockImplementationOnce(() => {
    throw readOnly;
  });
  expect(await endpoint.space()).toMatchObject({ readOnly: true, nameMax: 255 });
  spy.mockRestore();
});
