/**
 * A lock made of files alone. `PATH.owner.N` names the owner of the N-th time the lock was taken; the highest N counts.
 * Who wants the lock creates N+1, which link(2) lets only one do, once the owner of N has given it back or is dead; then
 * it removes the lower ones from below, never its own. A contender who was so slow that its N+1 was used and removed
 * meanwhile can create it again, but not without noticing: its N, being lower, was removed before.
 */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { checkAborted } from './abort.ts';
import { type ByteString, byteString, toFsPath, toText } from './byte-string.ts';
import { failure, isFailure } from './errors.ts';
import { type HeldLock, heldLock, type LockOptions } from './held-lock.ts';
import { identify, isDead, type ProcessIdentity } from './process-identity.ts';

/** Milliseconds between two looks at a lock that is waited for. */
const LOOK_AGAIN = 100;
/** What stands in the file of an owner who has given the lock back. */
const FREE = 'free\n';

/** Throws errnos, LOCKED, ABORTED. */
export async function ownerLock(path: ByteString, { wait = false, signal }: LockOptions): Promise<HeldLock> {
  for (;;) {
    checkAborted(signal);
    try {
      const lock = take(path);
      if (lock !== undefined) return lock;
    } catch (error) {
      if (!wait || !isFailure(error, 'LOCKED')) throw error;
      await setTimeout(LOOK_AGAIN);
    }
  }
}

/** Undefined where somebody else was faster: then it is worth another look at once. */
function take(path: ByteString): HeldLock | undefined {
  const previous = highest(path);
  const content = readIfThere(fileOf(path, previous));
  if (content === undefined) return undefined;
  if (content !== FREE) refuseLiving(JSON.parse(content) as ProcessIdentity, path);
  const mine = fileOf(path, previous + 1);
  if (!create(mine, `${JSON.stringify(identify(process.pid))}\n`)) return undefined;
  if (readIfThere(fileOf(path, previous)) === undefined) {
    remove(mine);
    return undefined;
  }
  for (const { name, generation } of generations(path)) if (generation <= previous) remove(name);
  return heldLock(() => replace(mine, FREE));
}

function refuseLiving(owner: ProcessIdentity, path: ByteString): void {
  if (!isDead(owner)) throw failure('LOCKED', { path: toText(path), pid: owner.pid });
}

const fileOf = (path: ByteString, generation: number): ByteString =>
  byteString(`${path}.owner.${generation}`);

interface Generation {
  readonly name: ByteString;
  readonly generation: number;
}

/** From below. Temporary files of owners that were killed while they created theirs are among them. */
function generations(path: ByteString): Generation[] {
  const cut = path.lastIndexOf('/') + 1;
  const directory = path.slice(0, cut);
  const start = `${path.slice(cut)}.owner.`;
  return fs
    .readdirSync(toFsPath(byteString(directory || '.')), 'latin1')
    .filter((name) => name.startsWith(start))
    .map((name) => ({
      name: byteString(directory + name),
      generation: Number.parseInt(name.slice(start.length), 10),
    }))
    .sort((a, b) => a.generation - b.generation);
}

/** The first to come lays down generation 0, which nobody owns. */
function highest(path: ByteString): number {
  const present = generations(path).filter(({ name, generation }) => name === fileOf(path, generation));
  const last = present.at(-1);
  if (last !== undefined) return last.generation;
  create(fileOf(path, 0), FREE);
  return 0;
}

function readIfThere(file: ByteString): string | undefined {
  try {
    return fs.readFileSync(toFsPath(file), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** With its content from the first moment on; false where the name is taken, or a new owner has tidied up meanwhile. */
function create(file: ByteString, content: string): boolean {
  return withTemporary(file, content, (temporary) => {
    try {
      fs.linkSync(temporary, toFsPath(file));
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST' || code === 'ENOENT') return false;
      throw error;
    }
  });
}

function replace(file: ByteString, content: string): void {
  withTemporary(file, content, (temporary) => fs.renameSync(temporary, toFsPath(file)));
}

function withTemporary<T>(file: ByteString, content: string, use: (temporary: string | Buffer) => T): T {
  const temporary = toFsPath(byteString(`${file}.${randomBytes(6).toString('hex')}`));
  try {
    fs.writeFileSync(temporary, content, { flag: 'wx', mode: 0o600 });
    return use(temporary);
  } finally {
    fs.rmSync(temporary, { force: true });
  }
}

function remove(file: ByteString): void {
  fs.rmSync(toFsPath(file), { force: true });
}
