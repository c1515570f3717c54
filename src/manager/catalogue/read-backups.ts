import { failure, isFailure } from '../../system/errors.ts';
import type { Backup, DamagedBackup } from './backup.ts';
import { isBackupId } from './backup-id.ts';
import { parseBackupInfo, readFields } from './backup-info.ts';
import type { InfoPlace, Layout } from './layout.ts';
import { namesIn, readIfPresent } from './read-file.ts';

export interface ReadBackups {
  /** Sorted by ID, that is by age. */
  readonly backups: readonly Backup[];
  readonly damaged: readonly DamagedBackup[];
}

/** Reads every `backup.info` of a catalogue; where one stands in both places, the one in `meta/` counts. */
export async function readBackups(layout: Layout): Promise<ReadBackups> {
  const places = new Map<string, InfoPlace>();
  for (const id of await namesIn(layout.base)) if (isBackupId(id)) places.set(id, 'base');
  for (const name of await namesIn(layout.meta)) {
    const id = name.endsWith('-backup.info') ? name.slice(0, -'-backup.info'.length) : '';
    if (isBackupId(id)) places.set(id, 'meta');
  }
  const backups: Backup[] = [];
  const damaged: DamagedBackup[] = [];
  for (const [id, place] of [...places].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const read = await readBackup(layout, id, place);
    if (read === undefined) continue;
    if ('reason' in read) damaged.push(read);
    else backups.push(read);
  }
  return { backups, damaged };
}

/** A backup as its file says now; undefined where it was removed. BACKUP_INFO */
export async function readAgain({
  id,
  infoPath,
  place,
}: Omit<Backup, 'fields' | 'lines'>): Promise<Backup | undefined> {
  const content = await readIfPresent(infoPath);
  if (content === null) return undefined;
  const lines = parseBackupInfo(decode(content, infoPath), infoPath);
  return { id, infoPath, place, lines, fields: readFields(lines, infoPath) };
}

/** Undefined where there is no file: a backup that is just being made or deleted, or no backup at all. */
async function readBackup(
  layout: Layout,
  id: string,
  place: InfoPlace,
): Promise<Backup | DamagedBackup | undefined> {
  const infoPath = layout.info(id, place);
  try {
    return await readAgain({ id, infoPath, place });
  } catch (error) {
    if (!isFailure(error)) throw error;
    return { id, infoPath, reason: error.message };
  }
}

function decode(content: Buffer, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch (error) {
    throw failure('BACKUP_INFO', { path, detail: 'it is not UTF-8' }, error);
  }
}
