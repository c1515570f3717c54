import { mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { isFailure } from '../../../system/errors.ts';
import { isDead, type ProcessIdentity } from '../../../system/process-identity.ts';
import { ownMark, removeLeftovers } from './own-name.ts';
import { type HelperAnswer, type HelperRequest, type HelperSetup, readLine, SOCKET } from './protocol.ts';
import { openSupply } from './settings.ts';
import { Spool } from './spool.ts';

/** Milliseconds without a question after which it ends; a standby asks every five seconds. */
const IDLE = 60_000;
/** Milliseconds between two looks at who asks. */
const WATCH = 1000;
/** The directory and the socket of a helper. */
const OF_HELPER = /^(\d+)-([^.]+)(?:\.socket)?$/;

/**
 * Keeps a connection and a spool for a recovery, and answers on a socket, until nobody asks any more: for a minute, or
 * because the recovery ended, or because another helper has taken its place. Resolves when it listens.
 */
export async function serve({
  settings,
  directory,
  ahead,
}: HelperSetup): Promise<{ readonly done: Promise<void> }> {
  const own = ownMark();
  const files = join(directory, own);
  removeLeftovers(directory, OF_HELPER);
  mkdirSync(files, { mode: 0o700 });
  const spool = new Spool({ open: () => openSupply(settings), directory: files, ahead });
  let last = Date.now();
  let asking = 0;
  let commander: ProcessIdentity | undefined;
  const server = createServer(async (socket) => {
    socket.on('error', () => undefined);
    asking++;
    try {
      // From this program itself, through a directory that is nobody else's.
      const request = JSON.parse(await readLine(keptOpen(socket))) as HelperRequest;
      commander = request.commander;
      socket.end(`${JSON.stringify(await answer(spool, request))}\n`);
    } catch {
      socket.destroy();
    } finally {
      asking--;
      last = Date.now();
    }
  });
  const path = join(directory, `${own}.socket`);
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  const { ino } = statSync(path);
  // In one step into the place of a helper that is gone, or has not noticed yet that it should be.
  renameSync(path, join(directory, SOCKET));
  const isCurrent = (): boolean => statSync(join(directory, SOCKET), { throwIfNoEntry: false })?.ino === ino;

  const done = new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const isOver = commander !== undefined && isDead(commander);
      if (!isOver && isCurrent() && (asking > 0 || Date.now() - last < IDLE)) return;
      clearInterval(timer);
      if (isCurrent()) rmSync(join(directory, SOCKET), { force: true });
      server.close();
      void spool[Symbol.asyncDispose]().then(() => {
        rmSync(files, { recursive: true, force: true });
        resolve();
      });
    }, WATCH);
  });
  return { done };
}

async function answer(spool: Spool, { name, partial }: HelperRequest): Promise<HelperAnswer> {
  try {
    const path = await spool.get(name, partial);
    return path === undefined ? { missing: true } : { path };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { error: { code: isFailure(error) ? error.code : 'INTERNAL', message } };
  }
}

/** A loop over a stream destroys it when it is left, but the answer is still to go out. */
function keptOpen(socket: Socket): AsyncIterable<Buffer> {
  return { [Symbol.asyncIterator]: () => socket.iterator({ destroyOnReturn: false }) };
}
