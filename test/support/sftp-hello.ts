import { once } from 'node:events';
import type { Duplex } from 'node:stream';

/** SSH_FXP_INIT, version 3. */
const INIT = Buffer.from([0, 0, 0, 5, 1, 0, 0, 0, 3]);

/** Asks an SFTP server for its version, as proof that a channel reaches one. Rejects where the channel ends. */
export async function sftpHello(channel: Duplex): Promise<number> {
  const gone = once(channel, 'close').then(() => {
    throw new Error('the channel ended without an answer');
  });
  gone.catch(() => {});
  channel.write(INIT);
  const [chunk] = await Promise.race([once(channel, 'data'), gone]);
  // Length, type SSH_FXP_VERSION, version.
  return chunk.readUInt32BE(5);
}
