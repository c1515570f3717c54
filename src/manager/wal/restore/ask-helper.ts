import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type HelperAnswer,
  type HelperRequest,
  type HelperSetup,
  READY,
  readLine,
  SOCKET,
} from './protocol.ts';

/** What Linux takes as the path of a socket, bytes. */
const SOCKET_PATH_MOST = 107;

/**
 * Asks the helper of this recovery, which is started where there is none.
 * @throws whatever keeps a helper from being had: then the work is to be done without
 */
export async function askHelper(
  setup: Omit<HelperSetup, 'directory'>,
  spoolDirectory: string,
  dataDirectory: string,
  request: HelperRequest,
): Promise<HelperAnswer> {
  const directory = ownDirectory(spoolDirectory, JSON.stringify([setup, dataDirectory]));
  const path = join(directory, SOCKET);
  if (Buffer.byteLength(path) > SOCKET_PATH_MOST - 30) throw new Error(`${path} is too long for a socket`);
  try {
    return await ask(path, request);
  } catch {
    await start({ ...setup, directory });
    return ask(path, request);
  }
}

const OTHERS_WRITE = 0o022;
const STICKY = 0o1000;

/** One for each recovery and archive, in a directory that nobody else can put anything into. */
function ownDirectory(spoolDirectory: string, what: string): string {
  const key = createHash('sha256').update(what).digest('hex').slice(0, 16);
  const directory = join(spoolDirectory, key);
  const me = process.getuid?.();
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const above = statSync(spoolDirectory);
  const isShared = (above.mode & OTHERS_WRITE) !== 0 && (above.mode & STICKY) === 0;
  const { uid, mode } = lstatSync(directory);
  if (isShared || (above.uid !== me && above.uid !== 0) || uid !== me || (mode & 0o077) !== 0)
    throw new Error(`others can write to ${directory}`);
  return directory;
}

async function ask(path: string, request: HelperRequest): Promise<HelperAnswer> {
  const socket = await new Promise<Socket>((resolve, reject) => {
    const trying = connect(path, () => resolve(trying)).once('error', reject);
  });
  socket.on('error', () => undefined);
  socket.write(`${JSON.stringify(request)}\n`);
  // From this program itself.
  return JSON.parse(await readLine(socket)) as HelperAnswer;
}

/** A process of its own session, which no signal to this one's group reaches, and with nothing of PostgreSQL's open. */
async function start(setup: HelperSetup): Promise<void> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./helper-process.js', import.meta.url))], {
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const failed = new Promise<never>((_, reject) => child.once('error', reject));
  child.stdin.on('error', () => undefined);
  child.stdin.end(`${JSON.stringify(setup)}\n`);
  const said = await Promise.race([readLine(child.stdout), failed]);
  child.unref();
  if (`${said}\n` !== READY) throw new Error(said);
}
