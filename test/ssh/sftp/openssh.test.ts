import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readDirectory } from '../../../src/ssh/sftp/directory.ts';
import { OpenFlag } from '../../../src/ssh/sftp/protocol.ts';
import { openSession, type SftpSession } from '../../../src/ssh/sftp/session.ts';
import { type ByteString, byteString, fromText } from '../../../src/system/byte-string.ts';
import { codeOf } from '../../contract/files.ts';
import {
  openServerSession,
  requireSftpServer,
  SftpServerProcess,
} from '../../support/sftp-server-process.ts';

describe.skipIf(!requireSftpServer())('against OpenSSH’s sftp-server', () => {
  let root: string;
  let session: SftpSession;
  const at = (latin1: string): ByteString => byteString(`${fromText(root)}/${latin1}`);
  const fsPath = (latin1: string): Buffer => Buffer.from(at(latin1), 'latin1');
  const NEW = OpenFlag.WRITE | OpenFlag.CREATE | OpenFlag.EXCLUSIVE;

  beforeEach(async () => {
    root = fs.mkdtempSync(path.join(os.tmpdir(), 'cellarman-sftp-'));
    session = await openServerSession();
  });
  afterEach(() => {
    session.close();
    fs.rmSync(root, { recursive: true });
  });

  async function write(file: ByteString, content: Buffer): Promise<void> {
    const handle = await session.open(file, NEW, 0o644);
    for (let start = 0; start < content.length; start += session.limits.write) {
      await session.writeRoom(session.limits.write);
      await session.write(handle, start, content.subarray(start, start + session.limits.write));
    }
    await session.closeHandle(handle);
  }

  test('its greeting and limits', () => {
    for (const name of ['posix-rename@openssh.com', 'hardlink@openssh.com', 'fsync@openssh.com'] as const) {
      expect(session.supports(name)).toBe(true);
    }
    expect(session.limits.read).toBeGreaterThanOrEqual(32768);
    expect(session.limits.write).toBeGreaterThanOrEqual(32768);
  });

  test('content of several packets, written and read by pieces', async () => {
    const content = Buffer.alloc(700_000, 'a piece of content, ');
    await write(at('file'), content);
    expect(fs.readFileSync(fsPath('file')).equals(content)).toBe(true);
    const handle = await session.open(at('file'), OpenFlag.READ);
    const blocks = await Promise.all([0, 1, 2, 3].map((i) => session.read(handle, i * 200_000, 200_000)));
    expect(Buffer.concat(blocks.flat()).equals(content)).toBe(true);
    expect(await session.read(handle, 700_000, 10)).toEqual([]);
    expect(Buffer.concat(await session.read(handle, 699_999, 10)).length).toBe(1);
    await session.closeHandle(handle);
    expect(await codeOf(session.read(handle, 0, 10))).not.toBe('resolved');
  });

  test('open, read, attributes and close in one write', async () => {
    fs.writeFileSync(fsPath('file'), 'content', { mode: 0o640 });
    const handle = await session.open(at('file'), OpenFlag.READ);
    const [blocks, attributes] = await Promise.all([
      session.read(handle, 0, 7),
      session.fstat(handle),
      session.closeHandle(handle),
    ]);
    expect(Buffer.concat(blocks).toString()).toBe('content');
    expect(attributes).toMatchObject({ size: 7, mode: 0o100640 });
  });

  test('attributes, of paths, links and handles', async () => {
    fs.writeFileSync(fsPath('file'), 'content');
    fs.symlinkSync('file', fsPath('link'));
    const times = { atime: 1_500_000_000, mtime: 1_600_000_000 };
    await session.setstat(at('link'), { mode: 0o600, times });
    expect(await session.stat(at('link'))).toMatchObject({ mode: 0o100600, size: 7, ...times });
    expect((await session.lstat(at('link'))).mode).toBe(0o120777);
    await session.lsetstat(at('link'), { times: { atime: 5, mtime: 4_000_000_000 } });
    expect(await session.lstat(at('link'))).toMatchObject({ mtime: 4_000_000_000, size: 4 });
    expect((await session.stat(at('file'))).mtime).toBe(1_600_000_000);
    const handle = await session.open(at('file'), OpenFlag.READ | OpenFlag.WRITE);
    await session.fsetstat(handle, { size: 3, mode: 0o444 });
    expect(await session.fstat(handle)).toMatchObject({ size: 3, mode: 0o100444 });
    await session.fsync(handle);
    await session.closeHandle(handle);
    expect(await codeOf(session.lstat(at('missing')))).toBe('NOT_FOUND');
  });

  test('directories, names and links', async () => {
    await session.mkdir(at('d'), 0o700);
    await write(at('d/one'), Buffer.from('one'));
    await session.symlink(byteString('one\xff\n'), at('d/link'));
    expect(fs.readlinkSync(fsPath('d/link'), 'latin1')).toBe('one\xff\n');
    expect(await session.readlink(at('d/link'))).toBe('one\xff\n');
    await session.hardlink(at('d/one'), at('d/two'));
    expect(fs.statSync(fsPath('d/two')).nlink).toBe(2);
    expect(await codeOf(session.hardlink(at('d/one'), at('d/two')))).toBe('IO');
    await write(at('d/three'), Buffer.from('three'));
    expect(await codeOf(session.rename(at('d/three'), at('d/one')))).toBe('IO');
    await session.posixRename(at('d/three'), at('d/one'));
    await session.rename(at('d/one'), at('d/four'));
    expect(fs.readFileSync(fsPath('d/four'), 'utf8')).toBe('three');
    expect(await codeOf(session.rmdir(at('d')))).toBe('IO');
    for (const name of ['link', 'two', 'four']) await session.remove(at(`d/${name}`));
    await session.rmdir(at('d'));
    expect(fs.existsSync(fsPath('d'))).toBe(false);
    expect(await session.realpath(at('././'))).toBe(fs.realpathSync(root));
  });

  test('names of any bytes', async () => {
    const names = ['\xff\xfe', 'new\nline', ' ', '\x01', 'n'.repeat(255), '\xe4'];
    for (const name of names) await write(at(name), Buffer.from(name, 'latin1'));
    expect(fs.readdirSync(root, 'latin1').sort()).toEqual([...names].sort());
    const handle = await session.opendir(at(''));
    const listed = await readDirectory(session, handle);
    await session.closeHandle(handle);
    const found = listed.filter(({ name }) => name !== '.' && name !== '..');
    expect(found.map(({ name }) => name).sort()).toEqual([...names].sort());
    for (const { name, attributes } of found) expect(attributes.size, name).toBe(name.length);
  });

  test('directories of any size', async () => {
    for (const count of [0, 1, 97, 98, 99, 100, 101, 1000, 5000]) {
      fs.mkdirSync(fsPath(`${count}`));
      for (let i = 0; i < count; i++) fs.writeFileSync(fsPath(`${count}/${i}`), '');
      const handle = await session.opendir(at(`${count}`));
      const names = await readDirectory(session, handle);
      expect(new Set(names.map(({ name }) => name)).size).toBe(count + 2);
      expect(names).toHaveLength(count + 2);
      expect(await session.readdir(handle)).toBeUndefined();
      await session.closeHandle(handle);
    }
  });

  test('extensions: file system, copying on the server, names of owners', async () => {
    const { available, nameMax, readOnly, id } = await session.statvfs(at(''));
    expect(available).toBeGreaterThan(0);
    expect([nameMax, readOnly]).toEqual([255, false]);
    expect((await session.statvfs(at('.'))).id).toBe(id);
    if (session.supports('copy-data')) {
      fs.writeFileSync(fsPath('from'), '0123456789');
      const from = await session.open(at('from'), OpenFlag.READ);
      const to = await session.open(at('to'), NEW, 0o600);
      await session.copyData(from, 2, 3, to, 1);
      await session.copyData(from, 8, 0, to, 4);
      expect(fs.readFileSync(fsPath('to'), 'latin1')).toBe('\x0023489');
    }
    if (session.supports('users-groups-by-id@openssh.com')) {
      const names = await session.usersGroupsById([0, 4_000_000_000, 0], [0]);
      expect(names).toEqual({ users: ['root', '', 'root'], groups: ['root'] });
    }
  });

  test('a time before 1970 comes as its distance from 2^32', async () => {
    fs.writeFileSync(fsPath('old'), '');
    fs.utimesSync(fsPath('old'), '-5', '-5');
    expect((await session.lstat(at('old'))).mtime).toBe(2 ** 32 - 5);
  });

  test('a server that only reads', async () => {
    const reader = await openSession(new SftpServerProcess('-R'));
    expect(await codeOf(reader.open(at('new'), NEW))).toBe('PERMISSION_DENIED');
    expect((await reader.lstat(at(''))).mode).toBe(0o40700);
    reader.close();
  });

  test('a server that is killed, at any moment', async () => {
    for (let requests = 0; requests < 400; requests += 40) {
      const server = new SftpServerProcess();
      const victim = await openSession(server, { host: 'testhost' });
      const waiting = Array.from({ length: 400 }, (_, i) => {
        if (i === requests) server.kill();
        return i % 2 === 0 ? codeOf(victim.lstat(at(''))) : codeOf(victim.opendir(at('')));
      });
      for (const code of await Promise.all(waiting)) expect(['resolved', 'CONNECTION_LOST']).toContain(code);
      await vi.waitFor(() => expect(victim.failure?.code).toBe('CONNECTION_LOST'));
      expect(await codeOf(victim.lstat(at('')))).toBe('CONNECTION_LOST');
    }
  });

  test('one write for a thousand requests', async () => {
    const server = new SftpServerProcess();
    const counted = await openSession(server);
    server.record = true;
    await Promise.all(Array.from({ length: 1000 }, () => counted.lstat(byteString('/'))));
    expect(server.written).toHaveLength(1);
    counted.close();
  });
});
