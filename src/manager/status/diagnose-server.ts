import { parseWalFileName } from '../../postgres/wal-file-name.ts';
import { isFailure } from '../../system/errors.ts';
import type { Backup } from '../catalogue/backup.ts';
import { Catalogue } from '../catalogue/catalogue.ts';
import type { WalEntry } from '../catalogue/wal-entry.ts';
import type { Configuration, ServerConfig } from '../config/configuration.ts';
import { type LiveStatus, readLiveStatus } from '../report/live-status.ts';
import { checkContinuity, tellGaps } from '../wal/continuity/continuity.ts';

/** All that is known of a server. */
export interface ServerDiagnosis {
  readonly server: ServerConfig;
  readonly live: LiveStatus['values'];
  readonly backups: readonly Backup[];
  /** The last segment of each timeline, by the timeline's eight digits. */
  readonly newestWal: ReadonlyMap<string, WalEntry>;
  /** What could not be looked at, and what is missing: sentences. */
  readonly problems: readonly string[];
}

/** Never throws but ABORTED: what is wrong with a server is what is asked for. */
export async function diagnoseServer(
  server: ServerConfig,
  { global }: Pick<Configuration, 'global'>,
  signal: AbortSignal,
): Promise<ServerDiagnosis> {
  const problems: string[] = [];
  const attempt = async <T>(fallback: T, look: () => Promise<T>): Promise<T> => {
    try {
      return await look();
    } catch (error) {
      if (!isFailure(error) || isFailure(error, 'ABORTED')) throw error;
      problems.push(error.message);
      return fallback;
    }
  };
  const isPassive = server.options.primary_ssh_command !== null;
  const live: LiveStatus = isPassive
    ? { values: {}, problem: undefined }
    : await readLiveStatus(server, signal);
  if (live.problem !== undefined) problems.push(live.problem.message);
  const catalogue = new Catalogue(server, global);
  const { backups, damaged } = await attempt({ backups: [], damaged: [] }, () => catalogue.read());
  for (const { id, reason } of damaged) problems.push(`backup ${id} cannot be used: ${reason}`);
  const newestWal = new Map<string, WalEntry>();
  await attempt(undefined, () => readNewest(catalogue, newestWal, problems));
  problems.push(
    ...(await attempt([], async () => tellGaps(await checkContinuity(catalogue, server, backups)))),
  );
  return { server, live: live.values, backups, newestWal, problems };
}

async function readNewest(
  catalogue: Catalogue,
  newest: Map<string, WalEntry>,
  problems: string[],
): Promise<void> {
  const index = await catalogue.walIndex();
  const damaged = ({ path, line }: { readonly path: string; readonly line: number }): void => {
    problems.push(`${path}: line ${line} is damaged`);
  };
  for await (const entry of index.entries(damaged)) {
    const timeline = entry.name.slice(0, 8);
    const known = newest.get(timeline);
    const isSegment = parseWalFileName(entry.name)?.kind === 'segment';
    if (isSegment && (known === undefined || entry.name > known.name)) newest.set(timeline, entry);
  }
}
