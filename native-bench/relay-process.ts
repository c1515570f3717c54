import { createConnection, createServer, type Socket } from 'node:net';

/**
 * A TCP relay on 127.0.0.1 that holds every byte back for a fixed time in either direction, in a process of its own so
 * that it neither delays the samples nor is delayed by them. Arguments: target port, milliseconds one way. Prints its
 * port. It takes in a lot before it makes a sender wait, so that the delay and not the relay bounds the throughput.
 */
const [targetPort = 0, delay = 0] = process.argv.slice(2).map(Number);
const WAITING_LIMIT = 256 << 20;
/** The timers of Node and the way through this process add about as much: it is taken off. */
const EARLY = 1.5;

function forward(from: Socket, to: Socket): void {
  const queue: { readonly due: number; readonly bytes: Buffer | undefined }[] = [];
  let waiting = 0;
  let armed = false;

  const flush = (): void => {
    armed = false;
    const now = performance.now() + EARLY;
    let sent = 0;
    to.cork();
    for (const { due, bytes } of queue) {
      if (due > now) break;
      if (bytes === undefined) to.end();
      else {
        to.write(bytes, () => {
          waiting -= bytes.length;
          if (waiting < WAITING_LIMIT && from.isPaused()) from.resume();
        });
      }
      sent++;
    }
    to.uncork();
    queue.splice(0, sent);
    arm();
  };
  const arm = (): void => {
    const next = queue[0];
    if (next === undefined || armed) return;
    armed = true;
    setTimeout(flush, Math.max(0, next.due - EARLY - performance.now()));
  };
  from.on('data', (bytes) => {
    waiting += bytes.length;
    if (waiting >= WAITING_LIMIT) from.pause();
    queue.push({ due: performance.now() + delay, bytes: Buffer.from(bytes) });
    arm();
  });
  from.on('end', () => {
    queue.push({ due: performance.now() + delay, bytes: undefined });
    arm();
  });
  // Whoever breaks off takes the other side along.
  from.on('error', () => to.destroy());
  from.on('close', () => {
    if (!from.readableEnded) to.destroy();
  });
}

const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
  const far = createConnection({ host: '127.0.0.1', port: targetPort, noDelay: true, allowHalfOpen: true });
  forward(near, far);
  forward(far, near);
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') process.stdout.write(`${address.port}\n`);
});
