import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

export interface Relay {
  readonly port: number;
  /** Milliseconds from here to the other end and back, measured (median). */
  readonly roundTrip: number;
  stop(): void;
}

const PINGS = 21;

/** Starts a relay to a port of 127.0.0.1 that adds a delay, given in milliseconds for the round trip. */
export async function startRelay(targetPort: number, roundTrip: number): Promise<Relay> {
  const relay = await start(targetPort, roundTrip / 2);
  return { ...relay, roundTrip: await measureRoundTrip(roundTrip) };
}

async function start(targetPort: number, oneWay: number): Promise<{ port: number; stop(): void }> {
  const program = fileURLToPath(new URL('./relay-process.ts', import.meta.url));
  const child: ChildProcess = fork(program, [String(targetPort), String(oneWay)], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const stop = (): void => {
    child.kill();
  };
  process.once('exit', stop);
  const port = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status) => reject(new Error(`the relay ended with ${status}`)));
    child.stdout?.once('data', (text: Buffer) => resolve(Number(text.toString())));
  });
  return { port, stop };
}

async function measureRoundTrip(roundTrip: number): Promise<number> {
  const echo = createServer({ noDelay: true }, (socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
  await once(echo, 'listening');
  const address = echo.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const relay = await start(address.port, roundTrip / 2);
  try {
    const socket = createConnection({ host: '127.0.0.1', port: relay.port, noDelay: true });
    await once(socket, 'connect');
    const times: number[] = [];
    for (let ping = 0; ping < PINGS; ping++) {
      const start = performance.now();
      socket.write('x');
      await once(socket, 'data');
      times.push(performance.now() - start);
    }
    socket.destroy();
    return times.sort((a, b) => a - b)[PINGS >> 1] ?? Number.NaN;
  } finally {
    relay.stop();
    echo.close();
  }
}
