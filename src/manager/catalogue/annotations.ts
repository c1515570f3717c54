import { rm } from 'node:fs/promises';
import type { Backup } from './backup.ts';
import type { InfoPlace, Layout } from './layout.ts';
import { readIfPresent } from './read-file.ts';
import { writeCatalogueFile } from './write-file.ts';

/** `full`: the backup and all WAL since. `standalone`: only the WAL that makes the backup itself whole. */
export type Keep = 'full' | 'standalone';

/** `keep` protects from deletion; `delete_this` marks a deletion that began, so that it can be finished. */
type Annotation = 'keep' | 'delete_this';

const PLACES: readonly InfoPlace[] = ['meta', 'base'];

export async function readKeep(layout: Layout, id: string): Promise<Keep | null> {
  const text = await read(layout, id, 'keep');
  if (text === null) return null;
  // What cannot be read must not be deleted: it counts as the stronger of the two.
  return text === 'standalone' ? 'standalone' : 'full';
}

export async function writeKeep(
  layout: Layout,
  backup: Pick<Backup, 'id' | 'place'>,
  keep: Keep,
): Promise<void> {
  const { id, place } = backup;
  await writeCatalogueFile(layout.annotation(id, 'keep', place), keep);
  await remove(
    layout,
    id,
    'keep',
    PLACES.filter((other) => other !== place),
  );
}

export async function releaseKeep(layout: Layout, id: string): Promise<void> {
  await remove(layout, id, 'keep');
}

export async function isBeingDeleted(layout: Layout, id: string): Promise<boolean> {
  return (await read(layout, id, 'delete_this')) !== null;
}

export async function markBeingDeleted(
  layout: Layout,
  { id, place }: Pick<Backup, 'id' | 'place'>,
): Promise<void> {
  await writeCatalogueFile(layout.annotation(id, 'delete_this', place), 'delete');
}

export async function unmarkBeingDeleted(layout: Layout, id: string): Promise<void> {
  await remove(layout, id, 'delete_this');
}

async function read(layout: Layout, id: string, name: Annotation): Promise<string | null> {
  for (const place of PLACES) {
    const content = await readIfPresent(layout.annotation(id, name, place));
    if (content !== null) return content.toString('utf8').trim();
  }
  return null;
}

async function remove(layout: Layout, id: string, name: Annotation, places = PLACES): Promise<void> {
  for (const place of places) await rm(layout.annotation(id, name, place), { force: true });
}
