import { chownSync, copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startProgram } from '../support/cli-process.ts';
import { type Major, startPostgres, type TestPostgres } from '../support/postgres.ts';
import { type Account, openAccounts, reach, url } from './accounts.ts';
import { writeConfiguration } from './configuration.ts';
import { installProgram } from './program.ts';
import { command, lineByLine, note, output } from './screen.ts';
import type { Stage } from './stage.ts';

/** A database host and a backup host, both on this machine. */
export interface Site {
  readonly postgres: TestPostgres;
  /** The configuration file. */
  readonly config: string;
  /** Runs `cellarman -c CONFIG ARGS` and shows it; rejects where its exit status is another than the expected one. */
  cellarman(args: readonly string[], expected?: number): Promise<void>;
  /** Another server, on a data directory that exists. */
  startOn(dataDir: string): Promise<TestPostgres>;
}

export async function openSite(stage: Stage, major: Major): Promise<Site> {
  const { directory, signal } = stage;
  const program = installProgram(stage);
  const { database, backup } = await openAccounts(stage);
  const incoming = join(directory, 'barman', 'main', 'incoming');
  mkdirSync(incoming, { recursive: true });

  const start = async (dataDir?: string): Promise<TestPostgres> => {
    signal.throwIfAborted();
    const settings = { archive_mode: 'on' };
    const server = await startPostgres(dataDir === undefined ? { major, settings } : { major, dataDir });
    stage.atEnd(() => (stage.keep ? server.shutDown() : server.stop()));
    return server;
  };
  const postgres = await start();
  const how = reach(lend(backup, postgres)).join(' ');
  const archiving = `${program} wal-archive ${how} %p ${url(backup, `${incoming}/`)}`;
  postgres.set({ archive_command: archiving });
  await postgres.query('SELECT pg_reload_conf()');
  note(`a PostgreSQL ${major} cluster on port ${postgres.port}, which sends its WAL to the backup host:`);
  output(`archive_command = '${archiving}'`);

  const config = writeConfiguration(directory, database, postgres);
  return {
    postgres,
    config,
    startOn: start,
    cellarman: async (args, expected = 0) => {
      const words = ['-c', config, ...args];
      command(`cellarman ${words.map((word) => (/[\s']/.test(word) ? `'${word}'` : word)).join(' ')}`);
      const status = await runShown(program, words, signal);
      if (status !== expected) throw new Error(`cellarman ended with status ${status}, not ${expected}`);
    },
  };
}

/** The key, for the user the server runs as, who may not read that of somebody else. */
function lend(account: Account, { directory, uid, gid }: TestPostgres): Account {
  const lent = (file: string, name: string): string => {
    const copy = join(directory, name);
    copyFileSync(file, copy);
    chownSync(copy, uid, gid);
    return copy;
  };
  return {
    ...account,
    identityFile: lent(account.identityFile, 'archive_key'),
    knownHostsFile: lent(account.knownHostsFile, 'known_hosts'),
  };
}

async function runShown(
  program: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<number | null> {
  signal.throwIfAborted();
  const { child, outcome } = startProgram(program, args);
  const lines = lineByLine();
  child.stdout?.on('data', lines.push);
  child.stderr?.on('data', lines.push);
  const stop = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop);
  const { status } = await outcome;
  signal.removeEventListener('abort', stop);
  lines.end();
  signal.throwIfAborted();
  return status;
}
