import { randomUUID } from 'node:crypto';
import { OpenFlag } from '../../ssh/sftp/protocol.ts';
import type { SftpSession } from '../../ssh/sftp/session.ts';
import { type ByteString, byteString } from '../../system/byte-string.ts';
import type { SourceClock } from '../clock.ts';
import { isOfPath } from '../run-failure.ts';
import type { Reconnector } from './reconnector.ts';

/** Microseconds by which a clock may be off that cannot be looked at. */
const UNKNOWN_SKEW = 5_000_000;

/**
 * SFTP has no clock. A new file shows it, where one may be made: in the home directory or in /tmp, never in the tree
 * itself. Elsewhere both clocks are taken to agree within a few seconds.
 */
export async function readRemoteClock(host: Reconnector<SftpSession>): Promise<SourceClock> {
  const name = `.cellarman-${randomUUID()}`;
  for (const path of [name, `/tmp/${name}`].map(byteString)) {
    try {
      const clock = await host.attempt(
        (session) => probe(session, path),
        async (session) => {
          // The connection may have been lost between making the file and removing it.
          await session.remove(path).catch(() => {});
          return await probe(session, path);
        },
      );
      if (clock !== undefined) return clock;
    } catch (error) {
      if (!isOfPath(error)) throw error;
    }
  }
  return { offset: 0, uncertainty: UNKNOWN_SKEW };
}

async function probe(session: SftpSession, path: ByteString): Promise<SourceClock | undefined> {
  const before = Date.now();
  const handle = await session.open(path, OpenFlag.WRITE | OpenFlag.CREATE | OpenFlag.EXCLUSIVE, 0o600);
  const [{ mtime }] = await Promise.all([
    session.fstat(handle),
    session.closeHandle(handle),
    session.remove(path),
  ]);
  const after = Date.now();
  if (mtime === undefined) return undefined;
  // The server tells whole seconds, and made the file at some moment between the request and the answer.
  const theirs = mtime * 1_000_000 + 500_000;
  return {
    offset: theirs - ((before + after) / 2) * 1000,
    uncertainty: 500_000 + ((after - before) / 2) * 1000,
  };
}
