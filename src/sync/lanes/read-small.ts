import { checkAborted } from '../../system/abort.ts';
import type { Endpoint, WholeFile } from '../endpoint.ts';
import type { RelPath } from '../entry.ts';
import { joinPath } from '../path.ts';
import { isOfPath } from '../run-failure.ts';
import type { Batch, Task, TaskResult } from './task.ts';

/**
 * What counts as small, bytes: OpenSSH gives and takes so much in one packet, and it stays in a processor's cache from being
 * read to being written. An endpoint that gives or takes less at once passes larger files over.
 */
export const SMALL = 255 * 1024;

/** What becomes of the small files of a batch, by the places of their tasks. */
export interface SmallFiles {
  /** What it throws ends the run. */
  take(index: number, task: Task, file: WholeFile): void;
  /** Without it a file that cannot be read so is nobody's concern here: the long way says why. */
  miss?(index: number, error: TaskResult['error']): void;
}

/** Whether an endpoint gives small files at once. */
export function readsSmall({ readWhole, readMany }: Endpoint): boolean {
  return readWhole !== undefined || readMany !== undefined;
}

/** The places of the tasks that are wanted. */
export function placesOf({ tasks }: Batch, isWanted: (task: Task) => boolean): number[] {
  const places: number[] = [];
  for (const [index, task] of tasks.entries()) if (isWanted(task)) places.push(index);
  return places;
}

/** Reads the files of these tasks from `directory` of an endpoint. Throws what ends the run, and then gives no more. */
export async function readSmall(
  endpoint: Endpoint,
  directory: RelPath,
  { tasks }: Batch,
  places: readonly number[],
  signal: AbortSignal,
  files: SmallFiles,
): Promise<void> {
  const taskAt = (index: number): Task => tasks[index] as Task;
  if (endpoint.readMany === undefined) {
    for (const index of places) readNear(endpoint, directory, index, taskAt(index), signal, files);
    return;
  }
  let failure: unknown;
  const entries = places.map((index) => taskAt(index).entry);
  await endpoint.readMany(directory, entries, {
    take(position, file) {
      if (failure !== undefined) return;
      const index = places[position] as number;
      try {
        checkAborted(signal);
        files.take(index, taskAt(index), file);
      } catch (error) {
        failure = error;
      }
    },
    miss: (position, error) => files.miss?.(places[position] as number, error),
  });
  if (failure !== undefined) throw failure;
}

function readNear(
  endpoint: Endpoint,
  directory: RelPath,
  index: number,
  task: Task,
  signal: AbortSignal,
  files: SmallFiles,
): void {
  checkAborted(signal);
  const { name, size } = task.entry;
  let file: WholeFile | undefined;
  try {
    file = endpoint.readWhole?.(joinPath(directory, name), size);
  } catch (error) {
    if (!isOfPath(error)) throw error;
    files.miss?.(index, error);
    return;
  }
  if (file === undefined) files.miss?.(index, undefined);
  else files.take(index, task, file);
}
