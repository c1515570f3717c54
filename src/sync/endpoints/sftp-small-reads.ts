import type { SftpAttributes, SmallFileListener } from '../../ssh/sftp/session.ts';
import type { CellarmanError } from '../../system/errors.ts';
import type { WholeFiles } from '../endpoint.ts';
import type { Entry, RelPath } from '../entry.ts';
import { joinPath } from '../path.ts';
import { isOfPath } from '../run-failure.ts';
import { sftpEntry } from './sftp-entry.ts';
import type { SftpPlaces } from './sftp-places.ts';
import type { BeginFile, Settled } from './small-file-queue.ts';

/** Judges what stands under a name by its LSTAT: a reason not to read it, or undefined. */
export type Judge = (attributes: SftpAttributes, path: RelPath) => CellarmanError | undefined;

/** How small files of one directory are read for `taker`. */
export function smallReads(
  directory: RelPath,
  files: readonly Entry[],
  taker: WholeFiles,
  places: SftpPlaces,
  judge: Judge,
  settled: Settled,
): BeginFile {
  const file = (index: number): Entry => files[index] as Entry;
  const path = (index: number): RelPath => joinPath(directory, file(index).name);
  const miss = (index: number, error: CellarmanError | undefined): void => {
    taker.miss(index, error);
    settled();
  };
  const listener: SmallFileListener = {
    refuse: (index, before) => judge(before, path(index)),
    arrived(index, blocks, after) {
      const { name, size } = file(index);
      let bytes = 0;
      for (const block of blocks) bytes += block.length;
      if (bytes !== size || after.size !== size || after.mode === undefined) {
        miss(index, undefined);
        return;
      }
      taker.take(index, { blocks, after: sftpEntry(name, after, undefined) });
      settled();
    },
    failed(index, error) {
      if (isOfPath(error)) miss(index, error);
      else settled(error);
    },
  };
  return (session, index) => {
    const { size } = file(index);
    if (size > session.limits.read) miss(index, undefined);
    else session.readSmall(places.place(path(index)), size, index, listener);
  };
}
