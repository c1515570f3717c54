import { join } from 'node:path';
import type { Layout } from '../catalogue/layout.ts';
import { readIfPresent } from '../catalogue/read-file.ts';
import { writeCatalogueFile } from '../catalogue/write-file.ts';

/** Pages of one file that fail their checksum and were not just being written. */
export interface DamagedFile {
  /** As the cluster has it, for people: `base/5/16384`. */
  readonly path: string;
  /** In the backup's tree: `data/base/5/16384`. */
  readonly tree: string;
  /** Numbers of the pages in their relation. */
  readonly blocks: readonly number[];
}

const VERSION = 1;

/** Kept in `base/<ID>/.cellarman/damage.json`, so that it goes with the backup. */
const pathOf = (layout: Pick<Layout, 'backup'>, id: string): string =>
  join(layout.backup(id), '.cellarman', 'damage.json');

/** Nothing for a backup without damage, and for one whose pages nobody looked at. */
export async function readDamage(
  layout: Pick<Layout, 'backup'>,
  id: string,
): Promise<readonly DamagedFile[]> {
  const content = await readIfPresent(pathOf(layout, id));
  if (content === null) return [];
  try {
    const { version, files } = JSON.parse(content.toString('utf8')) as {
      readonly version: unknown;
      readonly files: readonly DamagedFile[];
    };
    return version === VERSION ? files : [];
  } catch {
    return [];
  }
}

export async function writeDamage(
  layout: Pick<Layout, 'backup'>,
  id: string,
  files: readonly DamagedFile[],
): Promise<void> {
  await writeCatalogueFile(
    pathOf(layout, id),
    `${JSON.stringify({ version: VERSION, files }, undefined, 2)}\n`,
  );
}
