import type { Socket } from 'node:net';

/**
 * Destroys a socket on which no byte has come in for so many seconds although the peer is asked for signs of life.
 * Turns of a timer are counted rather than the clock, so that a thread that was busy does not blame the network.
 */
export function endWhenSilent(socket: Socket, seconds: number): void {
  const turns = 4;
  let silent = 0;
  let seen = socket.bytesRead;
  const timer = setInterval(
    () => {
      silent = socket.bytesRead === seen ? silent + 1 : 0;
      seen = socket.bytesRead;
      if (silent >= turns) socket.destroy(new Error(`nothing came from it for ${seconds} seconds`));
    },
    (seconds * 1000) / turns,
  );
  timer.unref();
  socket.once('close', () => clearInterval(timer));
}
