import { writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { TestPostgres } from '../support/postgres.ts';
import type { Account } from './accounts.ts';

/** Writes the backup host's `barman.conf`, and an ssh_config beside it that knows the database's host as `db`. */
export function writeConfiguration(directory: string, database: Account, postgres: TestPostgres): string {
  const sshConfig = join(directory, 'ssh_config');
  writeFileSync(
    sshConfig,
    `Host db
    HostName ${database.host}
    Port ${database.port}
    User ${database.user}
    IdentityFile ${database.identityFile}
    IdentitiesOnly yes
    IdentityAgent none
    UserKnownHostsFile ${database.knownHostsFile}
`,
  );
  const config = join(directory, 'barman.conf');
  writeFileSync(
    config,
    `[barman]
barman_home = ${join(directory, 'barman')}
barman_user = ${userInfo().username}
log_file = ${join(directory, 'barman.log')}
compression = gzip
reuse_backup = link
backup_method = rsync
archiver = on
immediate_checkpoint = true

[main]
description = "Main database"
ssh_command = ssh -F ${sshConfig} db
conninfo = host=${postgres.host} port=${postgres.port} user=barman dbname=postgres
retention_policy = RECOVERY WINDOW OF 7 days
`,
  );
  return config;
}
