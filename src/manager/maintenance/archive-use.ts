import type { WalIndex } from '../catalogue/wal-index.ts';

/** How many files of an archive are in the way of a new server: all of them, or those of a timeline and later ones. */
export async function filesInTheWay(index: WalIndex, timeline: number | undefined): Promise<number> {
  let files = 0;
  for await (const { name } of index.entries(() => undefined)) {
    if (timeline === undefined || Number.parseInt(name.slice(0, 8), 16) >= timeline) files += 1;
  }
  return files;
}
