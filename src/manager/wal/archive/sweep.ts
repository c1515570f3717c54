import { lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseWalFileName } from '../../../postgres/wal-file-name.ts';

/** Milliseconds after which nobody writes any more: who sends a file writes to it all the time. */
const OLD = 60 * 60 * 1000;

/** `.NAME.RANDOM.tmp` of wal-archive and get-wal, and `.PID-NAME` of put-wal. */
const TEMPORARY = /^\.(?:(.+)\.[0-9a-f]{12}\.tmp|\d+-(.+))$/;

/**
 * Removes what senders left that were killed. Age is told by the time of the last change, which no sender can set; one that
 * slept for longer finds its file gone, fails, and sends again.
 */
export async function sweepTemporaries(
  directory: string,
  names: readonly string[],
  now: number = Date.now(),
): Promise<void> {
  for (const name of names) {
    const [, sent = '', put = ''] = TEMPORARY.exec(name) ?? [];
    if (parseWalFileName(sent || put) === undefined) continue;
    const path = join(directory, name);
    const facts = await lstat(path).catch(() => undefined);
    if (facts?.isFile() !== true || now - facts.ctimeMs < OLD) continue;
    // Somebody else's, or gone meanwhile: it is in nobody's way.
    await rm(path, { force: true }).catch(() => undefined);
  }
}
