import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SessionPool } from '../../../src/ssh/sftp/session-pool.ts';
import type { Endpoint } from '../../../src/sync/endpoint.ts';
import { sftpEndpoint } from '../../../src/sync/endpoints/sftp.ts';
import { byteString, fromText } from '../../../src/system/byte-string.ts';
import { codeOf, readFile, writeFile } from '../../contract/files.ts';
import { openServerSession, requireSftpServer } from '../../support/sftp-server-process.ts';

const p = byteString;

describe.skipIf(!requireSftpServer())('an SFTP endpoint on OpenSSH', () => {
  let root: string;
  let endpoint: Endpoint;
  const at = (name: string): string => path.join(root, name);
  const open = async (below = '', ...options: readonly string[]): Promise<Endpoint> =>
    sftpEndpoint(
      new SessionPool(await openServerSession(...options), openServerSession, 4),
      fromText(path.join(root, below)),
      'testhost:root',
    );

  beforeEach(async () => {
    root = fs.mkdtempSync(path.join(os.tmpdir(), 'cellarman-sftp-'));
    endpoint = await open();
  });
  afterEach(async () => {
    await endpoint.close();
    fs.rmSync(root, { recursive: true });
  });

  test('a FIFO is told as such and never opened, which would hold up the server', async () => {
    execFileSync('mkfifo', [at('fifo')]);
    expect(await endpoint.list(p(''))).toMatchObject([{ name: 'fifo', type: 'fifo', size: 0 }]);
    expect(await codeOf(endpoint.openRead(p('fifo')))).toBe('SPECIAL_FILE');
    expect(await codeOf(endpoint.list(p('fifo')))).toBe('NOT_A_DIRECTORY');
    expect(await codeOf(endpoint.syncDirectory(p('fifo')))).toBe('NOT_A_DIRECTORY');
    expect(await endpoint.lookup(p('fifo'))).toMatchObject({ type: 'fifo' });
  });

  test('a listed file is opened at once, and refused all the same when it is none any more', async () => {
    fs.mkdirSync(at('d'));
    fs.writeFileSync(at('d/file'), 'content');
    const [listed] = await endpoint.list(p('d'));
    const file = await endpoint.openRead(p('d/file'), listed);
    expect(await file.stat()).toEqual(listed);
    await file.close();
    fs.renameSync(at('d/file'), at('d/other'));
    expect(await codeOf(endpoint.openRead(p('d/file'), listed))).toBe('NOT_FOUND');
    fs.symlinkSync('other', at('d/file'));
    expect(await codeOf(endpoint.openRead(p('d/file'), listed))).toBe('SYMLINK_IN_PATH');
    fs.unlinkSync(at('d/file'));
    fs.mkdirSync(at('d/file'));
    expect(await codeOf(endpoint.openRead(p('d/file'), listed))).toBe('IS_A_DIRECTORY');
  });

  test('the root may be a symbolic link, and need not be there from the start', async () => {
    fs.mkdirSync(at('real'));
    fs.writeFileSync(at('real/file'), 'content');
    fs.symlinkSync('real', at('link'));
    const linked = await open('link');
    expect(await linked.lookup(p(''))).toMatchObject({ type: 'directory' });
    expect((await linked.list(p(''))).map(({ name }) => name)).toEqual(['file']);
    expect(String(await readFile(linked, p('file')))).toBe('content');
    await linked.close();
    const absent = await open('absent');
    expect(await absent.lookup(p(''))).toBeUndefined();
    expect(await codeOf(absent.list(p('')))).toBe('NOT_FOUND');
    await absent.makeDirectory(p(''), 0o750);
    expect(await absent.list(p(''))).toEqual([]);
    await absent.close();
  });

  test('the server’s file system from its top', async () => {
    const top = sftpEndpoint(new SessionPool(await openServerSession()), p('/'), 'testhost:/');
    const path = fromText(at('file').slice(1));
    fs.writeFileSync(at('file'), 'content');
    expect(String(await readFile(top, path))).toBe('content');
    await top.close();
  });

  test('a refusal says what stands in the way', async () => {
    fs.mkdirSync(at('d'));
    fs.mkdirSync(at('full/below'), { recursive: true });
    fs.writeFileSync(at('file'), '');
    fs.symlinkSync('d', at('link'));
    const long = 'n'.repeat(256);
    const codes = async (...calls: readonly Promise<unknown>[]): Promise<string[]> =>
      Promise.all(calls.map(codeOf));
    expect(await codes(endpoint.create(p('d')), endpoint.makeDirectory(p('file'), 0o700))).toEqual([
      'EXISTS',
      'EXISTS',
    ]);
    expect(await codes(endpoint.symlink(p('file'), p('x')), endpoint.link(p('file'), p('d')))).toEqual([
      'EXISTS',
      'EXISTS',
    ]);
    expect(
      await codes(
        endpoint.create(p(long)),
        endpoint.makeDirectory(p(long), 0o700),
        endpoint.symlink(p(long), p('x')),
        endpoint.link(p('file'), p(long)),
        endpoint.rename(p('file'), p(long)),
      ),
    ).toEqual(Array(5).fill('NAME_TOO_LONG'));
    expect(
      await codes(
        endpoint.removeDirectory(p('full')),
        endpoint.removeDirectory(p('file')),
        endpoint.removeDirectory(p('link')),
        endpoint.removeFile(p('d')),
      ),
    ).toEqual(['NOT_EMPTY', 'NOT_A_DIRECTORY', 'NOT_A_DIRECTORY', 'IS_A_DIRECTORY']);
    expect(
      await codes(
        endpoint.rename(p('d'), p('full')),
        endpoint.rename(p('file'), p('d')),
        endpoint.rename(p('d'), p('file')),
        endpoint.rename(p('gone'), p('file')),
      ),
    ).toEqual(['NOT_EMPTY', 'IS_A_DIRECTORY', 'NOT_A_DIRECTORY', 'NOT_FOUND']);
    expect(await codes(endpoint.openRead(p('d')), endpoint.openRead(p('link')))).toEqual([
      'IS_A_DIRECTORY',
      'SYMLINK_IN_PATH',
    ]);
    await expect(endpoint.create(p('d'))).rejects.toThrow('testhost:root/d exists already');
  });

  test.skipIf(!fs.existsSync('/dev/shm') || fs.statSync('/dev/shm').dev === fs.statSync(os.tmpdir()).dev)(
    'another file system is told from a file with too many links',
    async () => {
      const shm = fs.mkdtempSync('/dev/shm/cellarman-sftp-');
      try {
        const top = sftpEndpoint(new SessionPool(await openServerSession()), p('/'), 'testhost:/');
        fs.writeFileSync(at('file'), '');
        const file = fromText(at('file').slice(1));
        const there = fromText(`${shm.slice(1)}/name`);
        expect(await codeOf(top.link(file, there))).toBe('CROSS_DEVICE');
        expect(await codeOf(top.rename(file, there))).toBe('CROSS_DEVICE');
        await top.close();
      } finally {
        fs.rmSync(shm, { recursive: true });
      }
    },
  );

  test('modes are as asked for, whatever the server’s umask', async () => {
    const strict = await open('', '-u', '077');
    await strict.makeDirectory(p('d'), 0o2775);
    expect(fs.statSync(at('d')).mode & 0o7777).toBe(0o2775);
    await writeFile(strict, p('file'), '', { mode: 0o666 });
    expect(fs.statSync(at('file')).mode & 0o7777).toBe(0o666);
    await strict.close();
  });

  test('makeDirectory leaves what is there as it is', async () => {
    fs.mkdirSync(at('d'), 0o700);
    expect(await codeOf(endpoint.makeDirectory(p('d'), 0o777))).toBe('EXISTS');
    expect(fs.statSync(at('d')).mode & 0o7777).toBe(0o700);
  });

  test('rename of one name of a file over another leaves one, as the caller expects', async () => {
    fs.writeFileSync(at('file'), 'content');
    fs.linkSync(at('file'), at('temporary'));
    await endpoint.rename(p('temporary'), p('file'));
    expect(fs.readdirSync(root)).toEqual(['file']);
    // These could be one and the same name on a server that does not tell case apart: none is removed.
    fs.linkSync(at('file'), at('FILE'));
    await endpoint.rename(p('FILE'), p('file'));
    await endpoint.rename(p('file'), p('file'));
    expect(fs.readdirSync(root).sort()).toEqual(['FILE', 'file']);
  });

  test('two bad paths are one error, and none is left over', async () => {
    fs.symlinkSync('/tmp', at('trap'));
    for (const call of [endpoint.rename(p('trap/x'), p('..')), endpoint.link(p('trap/x'), p('trap/y'))]) {
      expect(['UNSAFE_NAME', 'SYMLINK_IN_PATH']).toContain(await codeOf(call));
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  });

  test('a failed rename leaves both files', async () => {
    fs.writeFileSync(at('file'), 'content');
    fs.mkdirSync(at('d'));
    expect(await codeOf(endpoint.rename(p('file'), p('d')))).not.toBe('resolved');
    expect(fs.readdirSync(root).sort()).toEqual(['d', 'file']);
  });

  test('a time before 1970 is the same each time, and goes back as it came', async () => {
    fs.writeFileSync(at('old'), '');
    fs.utimesSync(at('old'), '-5', '-5');
    const mtime = (2 ** 32 - 5) * 1_000_000;
    expect(await endpoint.lookup(p('old'))).toMatchObject({ mtime });
    for (const time of [mtime, -5_000_000]) {
      await endpoint.setAttributes(p('old'), { mtime: time });
      expect(await endpoint.lookup(p('old'))).toMatchObject({ mtime });
    }
  });

  test.skipIf(process.getuid?.() !== 0)(
    'owner and group can be set each alone, before the mode',
    async () => {
      await writeFile(endpoint, p('file'), 'x', { uid: 12_345, mode: 0o4755 });
      expect(await endpoint.lookup(p('file'))).toMatchObject({ uid: 12_345, gid: 0, mode: 0o4755 });
      await endpoint.setAttributes(p('file'), { gid: 54_321, mode: 0o6755 });
      expect(await endpoint.lookup(p('file'))).toMatchObject({ uid: 12_345, gid: 54_321, mode: 0o6755 });
      await endpoint.symlink(p('link'), p('file'));
      await endpoint.setAttributes(p('link'), { uid: 7, mode: 0o600, mtime: 1_000_000 });
      expect(await endpoint.lookup(p('link'))).toMatchObject({
        type: 'symlink',
        uid: 7,
        gid: 0,
        mtime: 1_000_000,
      });
      expect(await endpoint.lookup(p('file'))).toMatchObject({ uid: 12_345, mode: 0o6755 });
    },
  );

  test('a file that was begun goes on where it ends, or earlier', async () => {
    for (const [most, kept] of [
      [100, 44],
      [3, 3],
      [0, 0],
    ] as const) {
      const content = 'content that is longer than what comes after';
      fs.writeFileSync(at('file'), content);
      const { file, offset } = (await endpoint.resume?.(p('file'), most)) ?? {};
      expect(offset).toBe(kept);
      await file?.write(Buffer.from(' and'));
      await file?.write(Buffer.from(' more'));
      await file?.close();
      expect(fs.readFileSync(at('file'), 'utf8')).toBe(`${content.slice(0, kept)} and more`);
    }
    fs.symlinkSync('file', at('link'));
    expect(await codeOf(Promise.resolve(endpoint.resume?.(p('link'), 0)))).toBe('SYMLINK_IN_PATH');
    expect(await codeOf(Promise.resolve(endpoint.resume?.(p('gone'), 0)))).toBe('NOT_FOUND');
  });

  test('a directory that became a link behind our back is caught where it was not seen before', async () => {
    fs.mkdirSync(at('a/b'), { recursive: true });
    expect(await endpoint.list(p('a'))).toHaveLength(1);
    fs.rmdirSync(at('a/b'));
    fs.symlinkSync('/etc', at('a/b'));
    expect(await codeOf(endpoint.list(p('a/b')))).toBe('SYMLINK_IN_PATH');
    expect(await codeOf(endpoint.openRead(p('a/b/passwd')))).toBe('SYMLINK_IN_PATH');
  });

  test('a name of a removed directory is looked at anew', async () => {
    fs.mkdirSync(at('other'));
    await endpoint.makeDirectory(p('d'), 0o700);
    await writeFile(endpoint, p('d/file'), '');
    await endpoint.removeFile(p('d/file'));
    await endpoint.removeDirectory(p('d'));
    await endpoint.symlink(p('d'), p('other'));
    expect(await codeOf(endpoint.create(p('d/new')))).toBe('SYMLINK_IN_PATH');
    expect(fs.readdirSync(at('other'))).toEqual([]);
  });

  test('many large files at once, over several sessions', async () => {
    const bytes = Buffer.alloc(3_000_000, 'so many bytes, ');
    for (let i = 0; i < 12; i++) fs.writeFileSync(at(`${i}`), Buffer.concat([Buffer.from([i]), bytes]));
    const contents = await Promise.all(Array.from({ length: 12 }, (_, i) => readFile(endpoint, p(`${i}`))));
    for (const [i, content] of contents.entries()) {
      expect(content[0]).toBe(i);
      expect(content.subarray(1).equals(bytes)).toBe(true);
    }
  });
});
