import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { checkAborted } from '../../system/abort.ts';
import { archivedPath } from './archive/archived-path.ts';

/** Milliseconds between two looks. */
const LOOK_AGAIN = 200;

/** Waits until a file is in the archive, calling `archive` to bring it there; false when the time was over first. */
export async function awaitSegment(
  wals: string,
  name: string,
  seconds: number,
  archive: () => Promise<void>,
  signal: AbortSignal,
): Promise<boolean> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    await archive();
    if (existsSync(join(wals, archivedPath(name)))) return true;
    if (Date.now() >= deadline) return false;
    await setTimeout(LOOK_AGAIN, undefined, { signal }).catch(() => checkAborted(signal));
  }
}
