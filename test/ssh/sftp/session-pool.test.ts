import { describe, expect, test, vi } from 'vitest';
import { openSession, type SftpHandle, type SftpSession } from '../../../src/ssh/sftp/session.ts';
import { SessionPool } from '../../../src/ssh/sftp/session-pool.ts';
import { byteString } from '../../../src/system/byte-string.ts';
import { packet, ScriptedServer, version } from '../../support/scripted-server.ts';

const PATH = byteString('/x');
const FILE: SftpHandle = { id: byteString('h'), path: PATH };
const MUCH = 2 * 1024 * 1024;

/** A session whose server answers nothing. */
const silent = (): Promise<SftpSession> =>
  openSession(new ScriptedServer(({ type }) => (type === 1 ? version() : undefined)).client);

function busy(session: SftpSession, bytes = MUCH): void {
  session.read(FILE, 0, bytes).catch(() => {});
}

describe('session pool', () => {
  test('opens another session when all are busy, up to its maximum', async () => {
    const open = vi.fn(silent);
    const pool = new SessionPool(await silent(), open, 3);
    const first = pool.pick();
    expect(first).toBe(pool.first);
    pool.pick();
    expect(open).not.toHaveBeenCalled();
    busy(first);
    // Not one for every request while it is being opened.
    for (let i = 0; i < 5; i++) pool.pick();
    expect(open).toHaveBeenCalledTimes(1);
    await vi.waitFor(() => expect(pool.pick()).not.toBe(first));
    const second = pool.pick();
    busy(second);
    pool.pick();
    expect(open).toHaveBeenCalledTimes(2);
    await vi.waitFor(() => expect([first, second]).not.toContain(pool.pick()));
    busy(pool.pick());
    pool.pick();
    expect(open).toHaveBeenCalledTimes(2);
    pool.close();
  });

  test('opens another session when one is full of small files being made', async () => {
    const opening = new ScriptedServer(({ type, id }) =>
      type === 1 ? version() : type === 3 ? packet(102, id, 'handle') : undefined,
    );
    const open = vi.fn(silent);
    const pool = new SessionPool(await openSession(opening.client), open, 2);
    const largest = Buffer.alloc(255 * 1024);
    const content = vi.fn(() => ({ blocks: [largest], changes: [], sync: false, to: undefined }));
    const failed = vi.fn();
    const maker = { content, made: vi.fn(), missed: vi.fn(), failed };
    for (let i = 0; i < 8; i++) pool.first.makeSmall(PATH, largest.length, i, maker);
    // No more than 1 MiB of them are under way: what lies in the server's queue costs it the square.
    await vi.waitFor(() => expect(pool.first.load).toBe(4 * largest.length));
    await new Promise(setImmediate);
    expect(content).toHaveBeenCalledTimes(4);
    pool.pick();
    expect(open).toHaveBeenCalledTimes(1);
    pool.close();
    await vi.waitFor(() => expect(failed).toHaveBeenCalledTimes(8));
    expect(content).toHaveBeenCalledTimes(4);
  });

  test('gives the least busy session', async () => {
    const pool = new SessionPool(await silent(), silent, 2);
    busy(pool.first, MUCH);
    pool.pick();
    await vi.waitFor(() => expect(pool.pick()).not.toBe(pool.first));
    const second = pool.pick();
    busy(second, MUCH + 1);
    expect(pool.pick()).toBe(pool.first);
    for (let i = 0; i < 3; i++) pool.first.lstat(PATH).catch(() => {});
    expect(pool.pick()).toBe(second);
    pool.close();
  });

  test('does with what there is when the server allows no more', async () => {
    const open = vi.fn(() => Promise.reject(new Error('no more')));
    const pool = new SessionPool(await silent(), open, 8);
    busy(pool.first);
    for (let i = 0; i < 3; i++) {
      expect(pool.pick()).toBe(pool.first);
      await new Promise(setImmediate);
    }
    expect(open).toHaveBeenCalledTimes(1);
    pool.close();
  });

  test('passes over sessions that failed, until all have', async () => {
    const pool = new SessionPool(await silent(), silent, 2);
    busy(pool.first);
    pool.pick();
    await vi.waitFor(() => expect(pool.pick()).not.toBe(pool.first));
    const second = pool.pick();
    busy(second, MUCH * 2);
    pool.first.close();
    expect(pool.pick()).toBe(second);
    second.close();
    expect(pool.pick().failure?.code).toBe('CONNECTION_LOST');
  });

  test('closes all, one that is still being opened among them', async () => {
    let arrive = (_: SftpSession): void => {};
    const pool = new SessionPool(await silent(), () => new Promise((resolve) => (arrive = resolve)), 2);
    busy(pool.first);
    pool.pick();
    pool.close();
    expect(pool.first.failure?.code).toBe('CONNECTION_LOST');
    const late = await silent();
    arrive(late);
    await vi.waitFor(() => expect(late.failure?.code).toBe('CONNECTION_LOST'));
  });
});
