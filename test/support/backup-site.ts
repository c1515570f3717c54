import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { barman } from './barman.ts';
import type { Outcome } from './built-cli.ts';
import { type RunningProgram, runCli, startCli } from './cli-process.ts';
import { type PostgresOptions, startPostgres, type TestPostgres } from './postgres.ts';
import type { Sshd } from './sshd.ts';

/** A PostgreSQL server that archives its WAL into the catalogue of a backup host, which reaches it by SFTP. */
export interface BackupSite {
  readonly postgres: TestPostgres;
  /** Its configuration, which Barman accepts too. */
  readonly config: string;
  /** `barman_home/pg` */
  readonly root: string;
  readonly dir: string;
  run(...args: string[]): Promise<Outcome>;
  start(...args: string[]): RunningProgram;
  /** Lines for the server's section, in place of those before. */
  configure(lines: string): void;
  barman(...args: string[]): ReturnType<typeof barman>;
  stop(): Promise<void>;
}

export interface BackupSiteOptions extends PostgresOptions {
  /** Undefined: `backup_method = local-rsync`. */
  readonly sshd?: Sshd | undefined;
  /** Lines for the server's section. */
  readonly lines?: string;
  /** Barman works on the catalogue too: its layout is that of the one that is installed, not today's. */
  readonly sharedWithBarman?: boolean;
}

export async function startBackupSite(options: BackupSiteOptions): Promise<BackupSite> {
  const dir = mkdtempSync(join(tmpdir(), 'cellarman-backup-'));
  chmodSync(dir, 0o755);
  const home = join(dir, 'home');
  const incoming = join(home, 'pg', 'incoming');
  mkdirSync(incoming, { recursive: true });
  if (options.sharedWithBarman !== true) mkdirSync(join(home, 'pg', 'meta'));
  // The server runs as somebody else.
  chmodSync(incoming, 0o777);
  const postgres = await startPostgres({
    ...options,
    settings: {
      wal_level: 'replica',
      archive_mode: 'on',
      archive_command: `cp %p ${incoming}/%f`,
      ...options.settings,
    },
  });
  const config = join(dir, 'barman.conf');
  const { sshd } = options;
  const reach =
    sshd === undefined
      ? 'backup_method = local-rsync'
      : `backup_method = rsync\nssh_command = ssh -F ${sshd.sshConfigFile} testhost`;
  const configure = (lines: string): void => {
    writeFileSync(
      config,
      `[barman]
barman_user = ${userInfo().username}
barman_home = ${home}
log_file = ${dir}/barman.log
archiver = on
reuse_backup = link
immediate_checkpoint = true
backup_options = concurrent_backup

[pg]
description = "A server"
conninfo = ${postgres.conninfo}
${reach}
${lines}
`,
    );
  };
  configure(options.lines ?? '');
  return {
    postgres,
    config,
    root: join(home, 'pg'),
    dir,
    run: (...args) => runCli(['-c', config, ...args]),
    start: (...args) => startCli(['-c', config, ...args]),
    configure,
    barman: (...args) => barman(config, ...args),
    stop: async () => {
      await postgres.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
