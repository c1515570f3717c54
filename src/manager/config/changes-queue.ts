import { realpath, stat } from 'node:fs/promises';
import { writeFileAtomically } from '../../system/atomic-file.ts';
import { fromText } from '../../system/byte-string.ts';
import { failure } from '../../system/errors.ts';
import { configLockPath, waitForLock } from '../catalogue/locks.ts';
import { readIfPresent } from '../catalogue/read-file.ts';
import type { SectionChanges } from './changes.ts';
import { setInIni } from './edit-ini.ts';
import type { GlobalOptions } from './options.ts';

type Site = Pick<GlobalOptions, 'config_changes_queue' | 'barman_lock_directory'>;

/**
 * Writes changes into the configuration files, after those that an earlier run was stopped at: they are queued first, and
 * the queue is emptied last, so that none is done by half. All that were made. @throws CONFIG for a queue that
 * cannot be read, the codes of single paths
 */
export async function applyChanges(
  { config_changes_queue: queue, barman_lock_directory: locks }: Site,
  changes: readonly SectionChanges[],
): Promise<readonly SectionChanges[]> {
  const waiting = await readIfPresent(queue);
  if (changes.length === 0 && (waiting === null || /^\s*(\[\s*\])?\s*$/.test(waiting.toString('utf8'))))
    return [];
  using _lock = await waitForLock(configLockPath(locks));
  const all = [...parseQueue(await readIfPresent(queue), queue), ...changes];
  await writeFileAtomically(fromText(queue), JSON.stringify(all), 0o600);
  for (const { section, changes_set } of all) {
    for (const { key, value, config_file: path } of changes_set) {
      // Every byte stays what it was, whatever the encoding of the file; what is new is UTF-8.
      await edit(path, (before) => setInIni(before, bytesOf(section), key, bytesOf(value)));
    }
  }
  await writeFileAtomically(fromText(queue), '[]', 0o600);
  return all;
}

const bytesOf = (text: string): string => Buffer.from(text).toString('latin1');

async function edit(named: string, change: (text: string) => string): Promise<void> {
  // A link is not replaced by a file.
  const path = await realpath(named).catch(() => named);
  const before = await readIfPresent(path);
  const mode = before === null ? 0o600 : (await stat(path)).mode & 0o777;
  const text = (before ?? Buffer.alloc(0)).toString('latin1');
  const changed = change(text);
  if (changed !== text) await writeFileAtomically(fromText(path), Buffer.from(changed, 'latin1'), mode);
}

function parseQueue(content: Buffer | null, path: string): SectionChanges[] {
  const text = content?.toString('utf8').trim() ?? '';
  if (text === '') return [];
  try {
    const parsed: unknown = JSON.parse(text);
    if (Array.isArray(parsed) && parsed.every(isSectionChanges)) return parsed;
  } catch {
    // Said below.
  }
  throw failure('CONFIG', { where: path, detail: 'it is no queue of changes; remove it' });
}

function isSectionChanges(item: unknown): item is SectionChanges {
  const { section, changes_set: set } = (item ?? {}) as Partial<Record<keyof SectionChanges, unknown>>;
  return (
    typeof section === 'string' &&
    Array.isArray(set) &&
    set.every((change: unknown) => {
      const { key, value, config_file } = (change ?? {}) as Record<string, unknown>;
      return [key, value, config_file].every((text) => typeof text === 'string');
    })
  );
}
