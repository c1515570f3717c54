/**
 * A process of its own for the tests of locks: `lock-process.ts flock|owner PATH [COUNTER TIMES]`. Holds the lock and
 * says so until it is killed; or counts in the file COUNTER under it, TIMES times.
 */
import fs from 'node:fs';
import { fromText } from '../../src/system/byte-string.ts';
import { acquireFileLock } from '../../src/system/file-lock.ts';
import { ownerLock } from '../../src/system/owner-lock.ts';

const [kind, path = '', counter, times] = process.argv.slice(2);
const acquire = kind === 'flock' ? acquireFileLock : ownerLock;

async function hold(): Promise<void> {
  await acquire(fromText(path), {});
  process.stdout.write('held\n');
  setInterval(() => {}, 1e6);
}

async function count(file: string): Promise<void> {
  for (let i = 0; i < Number(times); i++) {
    const lock = await acquire(fromText(path), { wait: true });
    const before = Number(fs.readFileSync(file, 'utf8'));
    // Time for another process to be in the way if it can.
    await new Promise((resolve) => setTimeout(resolve, 1));
    fs.writeFileSync(file, String(before + 1));
    lock.release();
  }
}

await (counter === undefined ? hold() : count(counter));
