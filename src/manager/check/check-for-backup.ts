import type { Site } from '../../sync/endpoints/site.ts';
import { failure } from '../../system/errors.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { ServerConfig } from '../config/configuration.ts';
import { checkServer } from './check-server.ts';
import { resultLine } from './result.ts';

/**
 * What says nothing against a backup: Barman's list, and WAL that does not arrive, which is what a backup waits for, by the
 * name of the segment.
 */
const HARMLESS: ReadonlySet<string> = new Set([
  'minimum redundancy requirements',
  'backup maximum age',
  'backup minimum size',
  'failed backups',
  'archiver errors',
  'empty incoming directory',
  'empty streaming directory',
  'incoming WALs directory',
  'streaming WALs directory',
  'wal maximum age',
  'PostgreSQL server is standby',
  'WAL archive',
  'continuous archiving',
  // The next backup is the remedy.
  'backup catalogue',
]);

/**
 * Does the checks of `check` within `check_timeout`. CHECKS_FAILED where one of them says that no backup can be taken, with
 * the lines of `check`.
 * @param host of the database; it is not closed
 */
export async function checkForBackup(
  server: ServerConfig,
  catalogue: Catalogue,
  host: Site,
  signal: AbortSignal,
): Promise<void> {
  const failed: string[] = [];
  const options = { signal, timeout: server.options.check_timeout, archive: false, host };
  for await (const result of checkServer(server, catalogue, options)) {
    if (!result.passed && !HARMLESS.has(result.name))
      failed.push(resultLine(result), ...(result.details ?? []));
  }
  if (failed.length > 0) throw failure('CHECKS_FAILED', { server: server.name, checks: failed.join('\n') });
}
