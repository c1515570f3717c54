import { rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fromErrno } from '../../../system/errno.ts';
import { CellarmanError, type ErrorCode } from '../../../system/errors.ts';
import { fetchWal } from './fetch.ts';
import { ownMark, removeLeftovers } from './own-name.ts';
import { place } from './place.ts';
import { prove } from './proof.ts';
import type { HelperAnswer } from './protocol.ts';
import { commander, type Recovery } from './recovery.ts';
import { isLocal, openSupply, type SupplySettings } from './settings.ts';

/** What runs have beside their destination meanwhile. */
const OF_RUN = /^\..+\.(\d+)-([^.]+)(?:\.stored|\.copy)?\.tmp$/;

export interface RestoreRequest {
  readonly settings: SupplySettings;
  readonly name: string;
  readonly destination: string;
  readonly partial: boolean;
  /** Segments that a helper fetches before they are asked for. */
  readonly ahead: number;
  readonly spoolDirectory: string;
  readonly recovery: Pick<Recovery, 'system'>;
  readonly signal: AbortSignal;
}

/**
 * Brings a file of a WAL archive to its destination: complete, decompressed, of the cluster, or not at all. False where it
 * is not in the archive. @throws the codes of hosts and single paths; COMPRESSION, WAL_DAMAGED, WAL_INCOMPLETE, ABORTED
 */
export async function restoreWal(request: RestoreRequest): Promise<boolean> {
  const { name, destination, recovery } = request;
  const directory = dirname(destination);
  // A run whose PostgreSQL was killed may still be at work there, on the same file.
  const prefix = join(directory, `.${name}.${ownMark()}`);
  const path = await obtain(request, prefix);
  if (path === undefined) return false;
  try {
    prove(path, name, recovery);
    place(path, destination, `${prefix}.copy.tmp`);
    removeLeftovers(directory, OF_RUN);
  } catch (error) {
    throw fromErrno(error, path);
  } finally {
    rmSync(path, { force: true });
  }
  return true;
}

async function obtain(request: RestoreRequest, prefix: string): Promise<string | undefined> {
  const { settings, name, partial, signal } = request;
  const answer = isLocal(settings) ? undefined : await helped(request);
  if (answer === undefined) {
    await using supply = await openSupply(settings, signal);
    return (await fetchWal(supply, name, partial, prefix))?.path;
  }
  if ('path' in answer) return answer.path;
  if ('missing' in answer) return undefined;
  const { code, message } = answer.error;
  // The helper is this program: its codes are ours.
  throw new CellarmanError(code as ErrorCode, message, { name: basename(name) });
}

/** Undefined where there can be no helper, or it has no room: then this process does the work. */
async function helped(request: RestoreRequest): Promise<HelperAnswer | undefined> {
  const { settings, name, partial, ahead, spoolDirectory, signal } = request;
  const { askHelper } = await import('./ask-helper.ts');
  const question = { name, partial, commander: commander() };
  try {
    const answer = await Promise.race([
      askHelper({ settings, ahead }, spoolDirectory, process.cwd(), question),
      aborted(signal),
    ]);
    return 'error' in answer && answer.error.code === 'NO_SPACE' ? undefined : answer;
  } catch (error) {
    if (signal.aborted) throw error;
    return undefined;
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = (): void => reject(new CellarmanError('ABORTED', 'interrupted', {}));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
