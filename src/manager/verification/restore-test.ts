import { chmodSync, chownSync, lchownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConninfo } from '../../postgres/conninfo/parse.ts';
import { localSite } from '../../sync/endpoints/local-site.ts';
import { accountOf } from '../../system/become-user.ts';
import { type CellarmanError, isFailure } from '../../system/errors.ts';
import type { Backup } from '../catalogue/backup.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { ServerConfig } from '../config/configuration.ts';
import { planRestore, type RestorePlan } from '../restore/plan-restore.ts';
import { restore } from '../restore/restore.ts';
import { Compression } from '../wal/compression/compression.ts';
import { runAmcheck } from './amcheck.ts';
import type { RestoreTimes } from './result.ts';
import { type ScratchServer, startScratchServer } from './scratch-server.ts';
import { findServerPrograms } from './server-programs.ts';

export interface RestoreTestOrder {
  readonly server: ServerConfig;
  readonly catalogue: Catalogue;
  readonly backup: Backup;
  /** Takes the scratch directory; room for the whole cluster is needed. */
  readonly directory: string;
  /** Directory of the server program; undefined: it is looked for. */
  readonly programs: string | undefined;
  /** Statements that must succeed, in the database that `conninfo` names. */
  readonly sql: readonly string[];
  readonly onStep: (step: string) => void;
  readonly signal: AbortSignal;
}

/** How a restore test went. */
export interface RestoreTest {
  /** Undefined where the server did not become consistent. */
  readonly times: RestoreTimes | undefined;
  readonly detail: string;
}

/**
 * Restores a backup into a scratch directory, starts a server from it that recovers to the first consistent moment, and
 * has it looked at. Tells what is wrong with the backup; rejects with what is not its fault, such as NO_SPACE,
 * POSTGRES_PROGRAMS, ABORTED. Nothing is left of it, however it ends.
 */
export async function testRestore(
  order: RestoreTestOrder,
  tell: (detail: string) => void,
): Promise<RestoreTest> {
  const scratch = mkdtempSync(join(order.directory, `cellarman-${order.backup.id}-`));
  // The name of a socket must be short, wherever the data is.
  const run = mkdtempSync(join(tmpdir(), 'cellarman-'));
  const remove = (): void => {
    for (const path of [scratch, run]) rmSync(path, { recursive: true, force: true });
  };
  process.once('exit', remove);
  try {
    return await new Test(order, scratch, run, tell).run();
  } finally {
    process.removeListener('exit', remove);
    remove();
  }
}

/** Whom PostgreSQL runs as where we are root, which it refuses. */
const ACCOUNTS = ['postgres', 'nobody'];

/** What these say is wrong with the backup, and not with this host. */
const OF_BACKUP = [
  'BACKUP_NOT_RESTORABLE',
  'BACKUP_DAMAGED',
  'WAL_MISSING',
  'WAL_DAMAGED',
  'RESTORE_TARGET',
  'MANIFEST_DAMAGED',
  'TIMELINE_HISTORY',
  'CONTROL_FILE',
  'CONTROL_FILE_CRC',
  'BACKUP_LABEL',
] as const;

class Test {
  readonly #order: RestoreTestOrder;
  readonly #scratch: string;
  readonly #data: string;
  readonly #run: string;
  readonly #tell: (detail: string) => void;

  constructor(order: RestoreTestOrder, scratch: string, run: string, tell: (detail: string) => void) {
    this.#order = order;
    this.#scratch = scratch;
    this.#data = join(scratch, 'data');
    this.#run = run;
    this.#tell = tell;
  }

  async run(): Promise<RestoreTest> {
    const { server, programs: given, onStep, signal } = this.#order;
    const clock = stopwatch();
    let plan: RestorePlan;
    let programs: string;
    try {
      onStep('restoring');
      plan = await this.#plan();
      programs = findServerPrograms(plan.examined.control.major, given, server.options.path_prefix);
      await this.#restore(plan);
    } catch (error) {
      if (!isFailure(error, ...OF_BACKUP)) throw error;
      return this.#failed('it cannot be restored', error);
    }
    const user = process.getuid?.() === 0 ? ACCOUNTS.map(accountOf).find((found) => found) : undefined;
    if (user !== undefined) for (const path of [this.#scratch, this.#run]) giveTo(user, path);
    chmodSync(this.#data, 0o700);
    const restored = clock();

    onStep('recovering');
    const { directory, data } = { directory: this.#run, data: this.#data };
    let started: ScratchServer;
    try {
      started = await startScratchServer({ programs, data, directory, user, signal }, this.#roles());
    } catch (error) {
      if (!isFailure(error, 'SERVER_NOT_STARTED')) throw error;
      return this.#failed('no server starts from it', error);
    }
    await using scratchServer = started;
    const recovery = clock();

    onStep('checking');
    let looked: number | undefined;
    try {
      looked = await runAmcheck(scratchServer, this.#tell);
      await this.#runSql(scratchServer);
    } catch (error) {
      if (!isFailure(error, 'POSTGRES_CONNECTION_LOST', 'POSTGRES_UNREACHABLE')) throw error;
      return this.#failed('the server did not survive the checks', error);
    }
    const times = { restore: restored, recovery, checks: clock() };
    const major = plan.examined.control.major;
    const amcheck = looked === undefined ? 'no amcheck is installed' : `amcheck of ${looked} relations`;
    const { length } = this.#order.sql;
    const statements = length === 0 ? '' : `, ${length} statement${length === 1 ? '' : 's'}`;
    return { times, detail: `PostgreSQL ${major} became consistent; ${amcheck}${statements}` };
  }

  #failed(what: string, error: CellarmanError): RestoreTest {
    this.#tell(error.message);
    return { times: undefined, detail: what };
  }

  async #plan(): Promise<RestorePlan> {
    const { server, catalogue, backup } = this.#order;
    const { backups } = await catalogue.read();
    const tablespaces = backup.fields.tablespaces ?? [];
    return await planRestore(
      {
        server: server.name,
        designation: backup.id,
        destination: this.#data,
        target: { kind: 'immediate' },
        exclusive: false,
        timeline: undefined,
        relocations: new Map(tablespaces.map(({ name, oid }) => [name, join(this.#scratch, String(oid))])),
        delta: false,
        getWal: false,
        standby: false,
        stagingWalDirectory: undefined,
      },
      backups,
      catalogue.layout,
      new Compression(server.options),
      localSite(),
    );
  }

  async #restore(plan: RestorePlan): Promise<void> {
    const { server, catalogue, signal } = this.#order;
    await restore(plan, catalogue.layout, new Compression(server.options), {
      jobs: server.own.lanes ?? server.options.parallel_jobs,
      bandwidth: undefined,
      retry: { times: 0, sleep: 0 },
      restoreCommand: undefined,
      action: 'promote',
      settingsFile: 'postgresql.auto.conf',
      onEvent: () => {},
      locks: catalogue.locks,
      signal,
    });
  }

  /** That may exist in the cluster. */
  #roles(): string[] {
    const { conninfo } = this.#order.server.options;
    const named = conninfo === null ? undefined : parseConninfo(conninfo).get('user');
    return [...new Set([named ?? 'postgres', 'postgres'])];
  }

  async #runSql(server: ScratchServer): Promise<void> {
    const { sql, server: config } = this.#order;
    if (sql.length === 0) return;
    const { conninfo } = config.options;
    const named = conninfo === null ? undefined : parseConninfo(conninfo).get('dbname');
    await using session = await server.session(named ?? 'postgres');
    // Whoever wrote them expects to find their tables.
    await session.all('reset search_path');
    for (const statement of sql) {
      try {
        await session.all(statement);
      } catch (error) {
        if (!isFailure(error, 'POSTGRES_QUERY', 'POSTGRES_PRIVILEGE')) throw error;
        this.#tell(`${statement}: ${error.message}`);
      }
    }
  }
}

/** Seconds since it was asked the last time. */
function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const before = last;
    last = performance.now();
    return Math.round(last - before) / 1000;
  };
}

function giveTo(user: { readonly uid: number; readonly gid: number }, path: string): void {
  chownSync(path, user.uid, user.gid);
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const below = join(path, entry.name);
    if (entry.isDirectory()) giveTo(user, below);
    else lchownSync(below, user.uid, user.gid);
  }
}
