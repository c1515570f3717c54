import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPostgres, type TestPostgres } from '../test/support/postgres.ts';
import { stopIfInterrupted } from './interruption.ts';

export interface ClusterSize {
  /** Each is four relation files: the table, its index, its TOAST table and the index of that. */
  readonly tables: number;
  readonly rowsPerTable: number;
}

/** A running PostgreSQL server with very many small tables, which nobody changes. */
export interface Cluster extends AsyncDisposable {
  readonly postgres: TestPostgres;
  /** Where the tables are, below a data directory. */
  readonly relations: string;
  /** From now on WAL goes there too, until `forget` is called. */
  archiveTo(name: string): { readonly incoming: string; readonly forget: () => void };
  /** Ends the current WAL segment, and returns when it has been archived. */
  switchWal(): Promise<void>;
}

/** What Debian's Barman knows as well. */
const MAJOR = 15;
const TABLES_PER_TRANSACTION = 200;

/** What it costs to make the tables counts for nobody: no WAL is written meanwhile. */
const WHILE_MADE = {
  wal_level: 'minimal',
  max_wal_senders: 0,
  wal_skip_threshold: 0,
  max_wal_size: '8GB',
  checkpoint_timeout: '1h',
  shared_buffers: '128MB',
  autovacuum: false,
  max_locks_per_transaction: 200,
};

/** Four rows fill a page; no value is long enough to be compressed. */
const FILLER = (rows: number): string =>
  `CREATE TABLE filler AS SELECT id, repeat(md5(id::text), 59) AS note FROM generate_series(1, ${rows}) id`;

const MAKE = (from: number, to: number): string => `DO $$ BEGIN
  FOR n IN ${from}..${to} LOOP
    EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, note text)', n);
    EXECUTE format('INSERT INTO t%s SELECT * FROM filler', n);
  END LOOP;
END $$`;

export async function startCluster({ tables, rowsPerTable }: ClusterSize): Promise<Cluster> {
  const postgres = await startPostgres({ major: MAJOR, walSegmentSize: 1, settings: WHILE_MADE });
  const watchdog = watch(postgres);
  const stop = async (): Promise<void> => {
    watchdog.kill('SIGKILL');
    await postgres.stop();
  };
  try {
    await postgres.query(FILLER(rowsPerTable));
    for (let from = 1; from <= tables; from += TABLES_PER_TRANSACTION) {
      stopIfInterrupted();
      await postgres.query(MAKE(from, Math.min(tables, from + TABLES_PER_TRANSACTION - 1)));
    }
    const archives = join(postgres.directory, 'archives');
    mkdirSync(archives);
    const script = join(postgres.directory, 'archive.sh');
    writeFileSync(script, archiveScript(archives));
    postgres.set({
      wal_level: 'replica',
      max_wal_senders: 10,
      archive_mode: 'on',
      archive_command: `sh ${script} %p %f`,
    });
    await postgres.restart();
    const [row] = await postgres.query<{ oid: number }>(
      'SELECT oid FROM pg_database WHERE datname = current_database()',
    );
    return {
      postgres,
      relations: join('base', String(row?.oid)),
      archiveTo: (name) => {
        const incoming = join(archives, name);
        mkdirSync(incoming);
        // The server is somebody else.
        chmodSync(incoming, 0o777);
        return { incoming, forget: () => rmSync(incoming, { recursive: true, force: true }) };
      },
      switchWal: async () => {
        const sql = 'CHECKPOINT; SELECT pg_walfile_name(pg_switch_wal()) AS name';
        const [segment] = await postgres.query<{ name: string }>(sql);
        const arrived = (): boolean =>
          readdirSync(archives).every((each) => existsSync(join(archives, each, segment?.name ?? '')));
        for (; !arrived(); await sleep(50)) stopIfInterrupted();
      },
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Nobody finds half a segment; and while nobody wants them, they stay in the server. */
function archiveScript(archives: string): string {
  return `for to in ${archives}/*; do
  cp "$1" "$to/../../$2.part" && mv "$to/../../$2.part" "$to/$2" || exit 1
done\n`;
}

/** Ends the server and removes it when this process dies, however that happens. */
function watch({ directory, dataDir }: TestPostgres): ReturnType<typeof spawn> {
  const end = 'read _; kill -QUIT "$(head -n 1 "$1/postmaster.pid")"; sleep 2; rm -rf "$0"';
  const watchdog = spawn('sh', ['-c', end, directory, dataDir], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  watchdog.unref();
  return watchdog;
}
