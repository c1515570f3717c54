import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { everybodyReaches } from '../support/postgres-binaries.ts';

export interface StageOptions {
  /** Aborted when the demonstration is to end early. */
  readonly signal: AbortSignal;
  /** The servers are stopped at the end, and all files left. */
  readonly keep: boolean;
}

/** Where a demonstration takes place: a directory that holds everything, and servers. */
export interface Stage extends StageOptions {
  readonly directory: string;
  /** PostgreSQL runs as another user, because it refuses root. */
  readonly lent: boolean;
  /** Called at the end, the last first. */
  atEnd(stop: () => Promise<void>): void;
}

/** Runs a demonstration, and then clears the stage, however it ends. */
export async function onStage<T>(options: StageOptions, play: (stage: Stage) => Promise<T>): Promise<T> {
  const lent = userInfo().uid === 0;
  const parent = lent && !everybodyReaches(tmpdir()) ? '/tmp' : tmpdir();
  const directory = mkdtempSync(join(parent, 'cellarman-demo-'));
  const stops: (() => Promise<void>)[] = [];
  try {
    chmodSync(directory, 0o755);
    // The scratch directories of all servers come to lie in it.
    process.env['TMPDIR'] = directory;
    const atEnd = (stop: () => Promise<void>): void => void stops.unshift(stop);
    return await play({ ...options, directory, lent, atEnd });
  } finally {
    for (const stop of stops) await stop().catch(() => undefined);
    if (!options.keep) rmSync(directory, { recursive: true, force: true });
  }
}
