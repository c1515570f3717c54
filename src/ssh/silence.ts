import type { Socket } from 'node:net';

const TURNS = 4;

/**
 * Calls `onSilent` once `heard` has stayed the same for so many seconds; the result stops that. Turns of a timer are
 * counted rather than the clock, so that a thread that was busy does not blame the network.
 */
export function watchSilence(seconds: number, heard: () => number, onSilent: () => void): () => void {
  let silent = 0;
  let seen = heard();
  const timer = setInterval(
    () => {
      const now = heard();
      silent = now === seen ? silent + 1 : 0;
      seen = now;
      if (silent < TURNS) return;
      clearInterval(timer);
      onSilent();
    },
    (seconds * 1000) / TURNS,
  );
  timer.unref();
  return () => clearInterval(timer);
}

/** Destroys a socket on which no byte has come in for so many seconds although the peer is asked for signs of life. */
export function endWhenSilent(socket: Socket, seconds: number): void {
  const stop = watchSilence(
    seconds,
    () => socket.bytesRead,
    () => socket.destroy(new Error(`nothing came from it for ${seconds} seconds`)),
  );
  socket.once('close', stop);
}
