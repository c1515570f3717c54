import type { Endpoint } from '../../sync/endpoint.ts';
import { ROOT } from '../../sync/path.ts';
import { failure, isFailure } from '../../system/errors.ts';
import { refuseOthersWork, type Standing } from './destination.ts';
import { createMarker, MARKER, type Marker, readMarker, replaceMarker } from './marker.ts';

/**
 * Puts this run's marker into a destination that was examined some time ago: nobody else may have begun there since.
 * DESTINATION_IN_USE.
 */
export async function claimDestination(
  endpoint: Endpoint,
  path: string,
  standing: Standing,
  marker: Marker,
): Promise<void> {
  const there = await readMarker(endpoint);
  if (there !== undefined) refuseOthersWork(path, there);
  if (there !== undefined && standing.kind !== 'nothing') return await replaceMarker(endpoint, marker);
  if (standing.kind === 'unfinished')
    throw failure('DESTINATION_IN_USE', {
      path,
      detail: 'was being restored to by another run, which has ended',
    });
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
