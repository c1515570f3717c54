import { archivedPath } from '../archive/archived-path.ts';

/** One place of a server's directory where a file of the archive may be. */
export interface Place {
  readonly directory: 'wals' | 'incoming' | 'streaming';
  readonly path: string;
}

/**
 * Where a file may be, in the order in which to look: archived, arrived, being received, and archived again, for it may
 * have moved on between the first look and the last. With `partial` also as far as it has been received.
 */
export function placesOf(name: string, partial: boolean): readonly Place[] {
  const archived: Place = { directory: 'wals', path: archivedPath(name) };
  const received: Place = { directory: 'streaming', path: name };
  const complete: readonly Place[] = [archived, { directory: 'incoming', path: name }, received];
  if (!partial) return [...complete, archived];
  const unfinished = `${name}.partial`;
  return [
    ...complete,
    { directory: 'streaming', path: unfinished },
    received,
    { directory: 'wals', path: archivedPath(unfinished) },
    { directory: 'incoming', path: unfinished },
    archived,
  ];
}
