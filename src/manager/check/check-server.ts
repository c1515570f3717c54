import type { Site } from '../../sync/endpoints/site.ts';
import { type ByteString, fromText } from '../../system/byte-string.ts';
import { CellarmanError, failure, isFailure } from '../../system/errors.ts';
import { isCopied } from '../catalogue/backup.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { ServerConfig } from '../config/configuration.ts';
import { type BackupReport, reportBackups } from '../report/backup-report.ts';
import { checkArchive } from './archive.ts';
import { checkArchiverErrors, checkArchiving } from './archiving.ts';
import { checkBackups, checkRedundancy, checkWalAge } from './backups.ts';
import { checkCompression } from './compression.ts';
import { lookAtDatabase } from './database.ts';
import { checkDirectories } from './directories.ts';
import { checkDatabaseHost, checkPrimaryNode } from './host.ts';
import { checkPostgres } from './postgres.ts';
import { type CheckResult, type CheckResults, failed, guarded } from './result.ts';
import { checkReceiver } from './streaming.ts';
import { checkSystemId } from './system-id.ts';
import { checkWalArrival } from './wal-arrival.ts';

export interface CheckOptions {
  readonly signal: AbortSignal;
  /** Seconds for all checks of the server together; 0 is no limit. */
  readonly timeout: number;
  /** Whether to look also at what was archived: every file of it. */
  readonly archive: boolean;
  /** The host of the database, where the caller goes on with it; it is not closed. */
  readonly host?: Site;
}

/**
 * Checks one server, in Barman's order and then with what is our own. What cannot be looked at is a failed check, and
 * all others go on; when the time is over the last one says so. It changes nothing but to make missing directories of the
 * catalogue. @throws ABORTED
 */
export async function* checkServer(
  server: ServerConfig,
  catalogue: Catalogue,
  options: CheckOptions,
): CheckResults {
  const { signal, timeout } = options;
  const late = new AbortController();
  const timer =
    timeout === 0
      ? undefined
      : setTimeout(() => late.abort(failure('TIMEOUT', { seconds: timeout })), timeout * 1000);
  const either = AbortSignal.any([signal, late.signal]);
  const checks = allChecks(server, catalogue, { ...options, signal: either });
  const stopped = new Promise<never>((_, reject) => {
    either.addEventListener('abort', () => reject(failure('ABORTED', undefined, either.reason)), {
      once: true,
    });
  });
  stopped.catch(() => undefined);
  try {
    for (;;) {
      // Not everything that may hang can be told to stop, such as a network file system.
      const next = checks.next();
      next.catch(() => undefined);
      const { value, done } = await Promise.race([next, stopped]);
      if (done === true) return;
      yield value;
    }
  } catch (error) {
    if (signal.aborted || !late.signal.aborted) throw error;
    yield failed('check timeout', 'barman check command timed out');
  } finally {
    clearTimeout(timer);
    late.abort();
  }
}

async function* allChecks(
  server: ServerConfig,
  catalogue: Catalogue,
  { archive, host, signal }: CheckOptions,
): CheckResults {
  const { options, disabledBecause } = server;
  const isPassive = options.primary_ssh_command !== null;
  const now = Date.now();
  const report = await readReport(catalogue, server, now);
  if (report instanceof CellarmanError) yield failed('backup catalogue', report.message);
  else yield* guarded('WAL archive', checkWalArrival(server, catalogue, report));

  const looked = isPassive ? undefined : await lookAtDatabase(server, signal);
  const database = looked instanceof CellarmanError ? undefined : looked;
  await using _closed = database ?? nothing;
  if (looked instanceof CellarmanError) yield failed('PostgreSQL', looked.message);
  if (database !== undefined) yield* guarded('PostgreSQL', checkPostgres(server, database, signal));

  if (disabledBecause.length === 0) yield await checkDirectories(catalogue.layout);
  if (!(report instanceof CellarmanError)) {
    yield* checkBackups(server, report, now);
    yield* checkWalAge(server, report, now);
    yield checkCompression(options);
    yield* checkRedundancy(server, report);
  }
  if (isPassive) yield await checkPrimaryNode(server, signal);
  else if (copiesFiles(server)) {
    const directory = database?.dataDirectory ?? directoryOfBackups(report);
    yield* checkDatabaseHost(server, host, directory, database === undefined, signal);
  }
  if (disabledBecause.length > 0) yield { ...failed('configuration'), details: disabledBecause };

  yield* guarded('systemid coherence', one(checkSystemId(catalogue.layout, database?.systemIdentifier)));
  if (!isPassive && options.streaming_archiver)
    yield* guarded('receive-wal running', checkReceiver(server, catalogue, database));
  if (!isPassive && options.archiver && database !== undefined)
    yield* guarded('continuous archiving', checkArchiving(server, database));
  yield* guarded('archiver errors', one(checkArchiverErrors(catalogue.layout)));
  if (!archive || report instanceof CellarmanError) return;
  // A standby's own archiver is not what fills the archive.
  const reached =
    database === undefined || database.inRecovery || !options.archiver
      ? undefined
      : database.archiver.lastArchived;
  yield* guarded('WAL continuity', checkArchive(server, catalogue, report, reached?.name));
}

/** Whether there is a host to look at, as far as the configuration goes. */
function copiesFiles({ options, disabledBecause }: ServerConfig): boolean {
  if (options.backup_method === 'local-rsync') return disabledBecause.length === 0;
  return options.backup_method === 'rsync' && options.ssh_command !== null;
}

const nothing: AsyncDisposable = { [Symbol.asyncDispose]: async () => {} };

async function* one(check: Promise<CheckResult>): CheckResults {
  yield await check;
}

async function readReport(
  catalogue: Catalogue,
  server: ServerConfig,
  now: number,
): Promise<BackupReport | CellarmanError> {
  try {
    return await reportBackups(catalogue, server, now);
  } catch (error) {
    if (isFailure(error)) return error;
    throw error;
  }
}

function directoryOfBackups(report: BackupReport | CellarmanError): ByteString | undefined {
  if (report instanceof CellarmanError) return undefined;
  const path = report.backups.findLast(({ backup }) => isCopied(backup))?.backup.fields.pgdata;
  return path === null || path === undefined ? undefined : fromText(path);
}
