import { Extension } from '../../ssh/sftp/protocol.ts';
import type { SftpSession, SmallFileContent, SmallFileMaker } from '../../ssh/sftp/session.ts';
import type { NewFile, NewFiles } from '../endpoint.ts';
import type { RelPath } from '../entry.ts';
import { joinPath } from '../path.ts';
import { stepsAlone } from './sftp-attributes.ts';
import type { SftpPlaces } from './sftp-places.ts';
import type { BeginFile, Settled } from './small-file-queue.ts';

/** How small files of one directory are made of what `maker` gives. */
export function smallWrites(
  first: SftpSession,
  directory: RelPath,
  files: readonly NewFile[],
  maker: NewFiles,
  places: SftpPlaces,
  settled: Settled,
): BeginFile {
  const file = (index: number): NewFile => files[index] as NewFile;
  const durable = first.supports(Extension.FSYNC);
  const miss = (index: number): void => {
    maker.miss(index);
    settled();
  };
  const listener: SmallFileMaker = {
    content(index): SmallFileContent | undefined {
      const { name, by } = file(index);
      const content = maker.content(index);
      const changes = content && stepsAlone(content.attributes);
      if (content === undefined || changes === undefined) return undefined;
      const to = by === undefined ? undefined : places.place(joinPath(directory, name));
      return { blocks: content.blocks, changes, sync: content.sync && durable, to };
    },
    made(index) {
      maker.made(index);
      settled();
    },
    missed: miss,
    failed: (_, error) => settled(error),
  };
  return (session, index) => {
    const { name, by, size } = file(index);
    if (size > session.limits.write) miss(index);
    else session.makeSmall(places.place(joinPath(directory, by ?? name)), size, index, listener);
  };
}
