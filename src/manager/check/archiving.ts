import { parseWalFileName } from '../../postgres/wal-file-name.ts';
import type { Layout } from '../catalogue/layout.ts';
import { formatMoment } from '../catalogue/moment.ts';
import { namesIn } from '../catalogue/read-file.ts';
import type { ServerConfig } from '../config/configuration.ts';
import type { Database } from './database.ts';
import { type CheckResult, type CheckResults, failed, passed, result } from './result.ts';

/** Whether PostgreSQL hands over its WAL by archive_command. */
export async function* checkArchiving(
  { name, options }: ServerConfig,
  { settings, archiver }: Database,
): CheckResults {
  const setting = (key: string): string => settings.get(key)?.value ?? '';
  const mode = setting('archive_mode');
  const archives = mode === 'on' || mode === 'always';
  yield result('archive_mode', archives, '', "please set it to 'on' or 'always'");
  const command = setting('archive_command');
  const library = setting('archive_library');
  yield result(
    'archive_command',
    library !== '' || (command !== '' && command !== '(disabled)'),
    '',
    `please set it accordingly to documentation: archive_command = 'cellarman wal-archive %p USER@THIS_HOST:${options.incoming_wals_directory}/' or 'barman-wal-archive THIS_HOST ${name} %p'`,
  );

  // Before the first file there is nothing to tell, and where archiving is off it was told.
  if (!archives || (archiver.lastArchived === undefined && archiver.lastFailed === undefined)) return;
  const { lastFailed, failing } = archiver;
  // A timeline's history file may be refused because the old primary had sent it already.
  if (!failing || lastFailed === undefined || parseWalFileName(lastFailed.name)?.kind === 'history')
    yield passed('continuous archiving');
  else {
    const time = formatMoment({ epoch: lastFailed.time, offset: 0 });
    yield failed(
      'continuous archiving',
      `archiving of ${lastFailed.name} failed at ${time}: see the log of PostgreSQL`,
    );
  }
}

const KINDS = [
  ['duplicate', 'duplicates'],
  ['unknown', 'unknown'],
  ['error', 'not relevant'],
  ['', 'unknown failure'],
] as const;

/** Whether anything was put aside when WAL was archived. */
export async function checkArchiverErrors(layout: Layout): Promise<CheckResult> {
  const counts = new Map<string, number>();
  for (const file of await namesIn(layout.errors)) {
    const [, word] = KINDS.find(([suffix]) => file.endsWith(`.${suffix}`)) ?? KINDS[3];
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const parts = KINDS.filter(([, word]) => counts.has(word)).map(
    ([, word]) => `${word}: ${counts.get(word)}`,
  );
  return parts.length === 0
    ? passed('archiver errors')
    : failed('archiver errors', `${parts.join(', ')}; look at them in '${layout.errors}', then remove them`);
}
