import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { fromText } from '../../src/system/byte-string.ts';
import { acquireFileLock } from '../../src/system/file-lock.ts';
import type { HeldLock } from '../../src/system/held-lock.ts';
import { ownerLock } from '../../src/system/owner-lock.ts';
import { requireProgram } from '../support/programs.ts';

let directory: string;
let file: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'cellarman-lock-'));
  file = path.join(directory, '.main-backup.lock');
});
afterEach(async () => {
  for (const child of children.splice(0)) await kill(child);
  fs.rmSync(directory, { recursive: true });
});

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

function start(...args: string[]): ChildProcess {
  const script = path.join(import.meta.dirname, 'lock-process.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', script, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

/** Another process that holds the lock. */
async function holder(kind: string): Promise<ChildProcess> {
  const child = start(kind, file);
  if (child.stdout !== null) await once(child.stdout, 'data');
  return child;
}

const flockIsThere = requireProgram('flock');

const KINDS = [
  { kind: 'flock', acquire: acquireFileLock, present: flockIsThere },
  { kind: 'owner', acquire: ownerLock, present: true },
] as const;

for (const { kind, acquire, present } of KINDS) {
  describe.skipIf(!present)(`a lock by ${kind}`, () => {
    const lock = (options = {}) => acquire(fromText(file), options);

    test('is held by one at a time, and can be given back twice', async () => {
      const held = await lock();
      await expect(lock()).rejects.toMatchObject({ code: 'LOCKED', facts: { path: file, pid: process.pid } });
      held.release();
      held.release();
      const again = await lock();
      held.release();
      await expect(lock()).rejects.toMatchObject({ code: 'LOCKED' });
      again.release();
    });

    test('is given back at the end of a block', async () => {
      {
        using _held = await lock();
        await expect(lock()).rejects.toMatchObject({ code: 'LOCKED' });
      }
      (await lock()).release();
    });

    test('names the process that holds it, and is free once that was killed', async () => {
      const child = await holder(kind);
      await expect(lock()).rejects.toMatchObject({ code: 'LOCKED', facts: { pid: child.pid } });
      await kill(child);
      (await lock()).release();
    });

    test('can be waited for', async () => {
      const child = await holder(kind);
      const order: string[] = [];
      const waiting = lock({ wait: true }).then((held) => {
        order.push('held');
        return held;
      });
      await new Promise((resolve) => setTimeout(resolve, 200));
      order.push('killed');
      await kill(child);
      (await waiting).release();
      expect(order).toEqual(['killed', 'held']);
    });

    test('whose waiting is ended was not taken', async () => {
      const child = await holder(kind);
      const abort = new AbortController();
      const waiting = lock({ wait: true, signal: abort.signal });
      setTimeout(() => abort.abort(), 100);
      await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' });
      await expect(lock({ wait: true, signal: abort.signal })).rejects.toMatchObject({ code: 'ABORTED' });
      await kill(child);
      (await lock()).release();
    });

    test('keeps processes that count together from losing one', async () => {
      const counter = path.join(directory, 'counter');
      fs.writeFileSync(counter, '0');
      const counting = Array.from({ length: 3 }, () => start(kind, file, counter, '15'));
      const ends = await Promise.all(counting.map((child) => once(child, 'exit')));
      expect(ends.map(([status]) => status)).toEqual([0, 0, 0]);
      expect(fs.readFileSync(counter, 'utf8')).toBe('45');
    });

    test('in a directory that is not there', async () => {
      await expect(acquire(fromText(`${directory}/missing/lock`), {})).rejects.toMatchObject({
        code: kind === 'flock' ? 'NOT_FOUND' : 'ENOENT',
      });
    });
  });
}

describe.skipIf(!flockIsThere)('a lock by flock', () => {
  const isHeld = (): boolean => spawnSync('flock', ['-n', file, 'true']).status !== 0;

  test('is a flock that other programs see, on a file that holds our number', async () => {
    fs.writeFileSync(file, 'an older and longer text\n');
    const held = await acquireFileLock(fromText(file));
    expect(isHeld()).toBe(true);
    expect(fs.readFileSync(file, 'utf8')).toBe(`${process.pid}\n`);
    held.release();
    expect(isHeld()).toBe(false);
    expect(fs.existsSync(file)).toBe(true);
  });

  test('is readable and writable by its owner alone', async () => {
    (await acquireFileLock(fromText(file))).release();
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
  });

  test('that another program holds is refused, with no number where the file holds none', async () => {
    const child = spawn('flock', [file, 'sh', '-c', 'echo held; exec sleep 1000'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    await once(child.stdout, 'data');
    const refused = acquireFileLock(fromText(file));
    await expect(refused).rejects.toMatchObject({ code: 'LOCKED', facts: { path: file } });
    await expect(refused).rejects.not.toHaveProperty('facts.pid');
    process.kill(-(child.pid ?? 0), 'SIGKILL');
    await once(child, 'exit');
  });

  test('is on the file that has the name, also where somebody removed it while we waited', async () => {
    const first = await acquireFileLock(fromText(file));
    const waiting = acquireFileLock(fromText(file), { wait: true });
    await new Promise((resolve) => setTimeout(resolve, 200));
    fs.unlinkSync(file);
    first.release();
    const second = await waiting;
    expect(isHeld()).toBe(true);
    second.release();
  });

  test('that is refused leaves no file open', async () => {
    const held = await acquireFileLock(fromText(file));
    const open = (): number => fs.readdirSync('/proc/self/fd').length;
    await acquireFileLock(fromText(file)).catch(() => {});
    const before = open();
    for (let i = 0; i < 5; i++) await acquireFileLock(fromText(file)).catch(() => {});
    expect(open()).toBe(before);
    held.release();
    expect(open()).toBe(before - 1);
  });

  test('is not left with programs started meanwhile', async () => {
    const held = await acquireFileLock(fromText(file));
    const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
    children.push(child);
    held.release();
    expect(isHeld()).toBe(false);
  });

  test('can be shared, which keeps away who wants it alone', async () => {
    const shared = (): Promise<HeldLock> => acquireFileLock(fromText(file), { shared: true });
    const [one, other] = [await shared(), await shared()];
    one.release();
    await expect(acquireFileLock(fromText(file))).rejects.toMatchObject({ code: 'LOCKED' });
    other.release();
    using _alone = await acquireFileLock(fromText(file));
    await expect(shared()).rejects.toMatchObject({ code: 'LOCKED' });
  });

  test('is done by files where the program flock is not installed', async () => {
    vi.stubEnv('PATH', directory);
    try {
      const held = await acquireFileLock(fromText(file));
      await expect(acquireFileLock(fromText(file))).rejects.toMatchObject({ code: 'LOCKED' });
      expect(fs.readdirSync(directory)).toContain('.main-backup.lock.owner.1');
      held.release();
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

describe('a lock by owner', () => {
  const take = () => ownerLock(fromText(file), {});

  test('leaves one file, however often it was taken', async () => {
    for (let i = 0; i < 5; i++) (await take()).release();
    expect(fs.readdirSync(directory)).toEqual(['.main-backup.lock.owner.5']);
  });

  test('is not taken by one who was slower than two others', async () => {
    (await take()).release();
    let holdsIt: Awaited<ReturnType<typeof take>> | undefined;
    const spy = vi.spyOn(fs, 'writeFileSync').mockImplementationOnce((...args) => {
      spy.mockRestore();
      // While this one was about to create number 2, another took it and gave it back, and a third has number 3.
      fs.writeFileSync(`${file}.owner.2`, 'free\n');
      void take().then((held) => {
        holdsIt = held;
      });
      expect(fs.readdirSync(directory)).toEqual(['.main-backup.lock.owner.3']);
      fs.writeFileSync(...args);
    });
    await expect(take()).rejects.toMatchObject({ code: 'LOCKED', facts: { pid: process.pid } });
    expect(fs.readdirSync(directory)).toEqual(['.main-backup.lock.owner.3']);
    holdsIt?.release();
    (await take()).release();
  });

  test('of a killed process leaves nothing for good', async () => {
    fs.writeFileSync(`${file}.owner.0`, 'free\n');
    fs.writeFileSync(`${file}.owner.0.abcdef`, 'half');
    (await take()).release();
    expect(fs.readdirSync(directory)).toEqual(['.main-backup.lock.owner.1']);
  });
});
