import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Endpoint } from '../../sync/endpoint.ts';
import { ROOT } from '../../sync/path.ts';
import { failure, isFailure } from '../../system/errors.ts';
import { lockIfWritable, restoreLockPath, waitForLock } from '../catalogue/locks.ts';
import { refuseOthersWork, type Standing } from './destination.ts';
import { createMarker, MARKER, type Marker, readMarker, replaceMarker } from './marker.ts';
import type { RestoreOptions } from './options.ts';

/** Milliseconds in which a run that goes on has written into the marker it has made. */
const PATIENCE = 3000;

/**
 * Puts this run's marker into a destination that was examined some time ago: nobody else may have begun there since. Runs
 * from one catalogue take turns. DESTINATION_IN_USE, ABORTED.
 */
export async function claimDestination(
  endpoint: Endpoint,
  path: string,
  standing: Standing,
  marker: Marker,
  { locks, signal }: Pick<RestoreOptions, 'locks' | 'signal'>,
): Promise<void> {
  // To look who is there and to write oneself in has to be one step: two runs may find the same one dead.
  using _turn = await lockIfWritable(waitForLock(restoreLockPath(locks), signal), () => undefined);
  const there = await readMarker(endpoint);
  if (there !== undefined) refuseOthersWork(path, there);
  // One that went on meanwhile may have left files of another backup.
  if (standing.kind === 'unfinished' && !isDeepStrictEqual(there, standing.marker))
    throw failure('DESTINATION_IN_USE', {
      path,
      detail: 'was being restored to by another run, which has ended',
    });
  if (there !== undefined && standing.kind !== 'nothing') return await replaceMarker(endpoint, marker);
  if (there === undefined) await removeUnwrittenMarker(endpoint);
  try {
    await createMarker(endpoint, marker);
  } catch (error) {
    if (!isFailure(error, 'EXISTS')) throw error;
    refuseOthersWork(path, await readMarker(endpoint));
    throw failure('DESTINATION_IN_USE', { path, detail: 'is being restored to by another run' }, error);
  }
  if (standing.kind !== 'nothing') return;
  if ((await endpoint.list(ROOT)).every(({ name }) => name === MARKER)) return;
  await endpoint.removeFile(MARKER);
  throw failure('DESTINATION_IN_USE', {
    path,
    detail: 'is not empty any more: somebody else has put files there',
  });
}

/** Of a run that was killed, or lost its connection, between making its marker and writing it. */
async function removeUnwrittenMarker(endpoint: Endpoint): Promise<void> {
  for (const end = Date.now() + PATIENCE; ; await sleep(PATIENCE / 10)) {
    if ((await endpoint.lookup(MARKER)) === undefined || (await readMarker(endpoint)) !== undefined) return;
    if (Date.now() >= end) return await endpoint.removeFile(MARKER);
  }
}
