import { checkAborted } from '../../system/abort.ts';
import type { ByteString } from '../../system/byte-string.ts';
import type { CellarmanError } from '../../system/errors.ts';
import { settleAll } from '../../system/settle-all.ts';
import { joinPath } from '../path.ts';
import { isOfPath } from '../run-failure.ts';
import type { LaneContext } from './context.ts';
import type { Batch, BatchResult } from './task.ts';

/** Gives the files of a basis their names in the destination too; tells which could not get theirs, and why. */
export async function linkAll(
  context: LaneContext,
  { directory, links }: Pick<Batch, 'directory' | 'links'>,
  concurrency: number,
): Promise<BatchResult['unlinked']> {
  if (links === undefined) return [];
  const { options, signal } = context;
  const from = joinPath(options.bases[links.basis] ?? options.base, directory);
  const to = joinPath(options.base, directory);
  const unlinked: { name: ByteString; error: CellarmanError }[] = [];
  const failed = (name: ByteString, error: unknown): void => {
    // A copy may do what a link cannot.
    if (!isOfPath(error)) throw error;
    unlinked.push({ name, error });
  };
  const { destination } = context;
  if (destination.linkAll !== undefined) {
    checkAborted(signal);
    await destination.linkAll(from, to, links, failed);
    return unlinked;
  }
  const one = async (name: ByteString): Promise<void> => {
    try {
      await destination.link(joinPath(from, name), joinPath(to, name));
    } catch (error) {
      failed(name, error);
    }
  };
  if (concurrency === 1) {
    for (const name of links.names) {
      checkAborted(signal);
      await one(name);
    }
  } else {
    await settleAll(links.names.map(one));
  }
  return unlinked;
}
