import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Cluster } from './cluster.ts';
import type { Remote } from './sshd.ts';

/** A catalogue of its own with one server, `pg`, that this program and Barman understand alike. */
export interface BackupHost {
  readonly config: string;
  /** `data` of the newest backup; undefined: there is none. */
  newest(): string | undefined;
  /** The newest backup's status, as both write it. */
  status(): string | undefined;
}

/** `remote`: the server is reached over ssh; undefined: it is on this host. `incoming`: where its WAL arrives. */
export function makeBackupHost(
  root: string,
  { postgres }: Cluster,
  incoming: string,
  remote: Remote | undefined,
): BackupHost {
  const home = join(root, 'home');
  for (const each of ['streaming', 'errors', 'wals', 'base'])
    mkdirSync(join(home, 'pg', each), { recursive: true });
  const config = join(root, 'barman.conf');
  const way =
    remote === undefined
      ? 'backup_method = local-rsync'
      : `backup_method = rsync\nssh_command = ssh -F ${remote.sshConfigFile} testhost`;
  writeFileSync(
    config,
    `[barman]
barman_user = ${userInfo().username}
barman_home = ${home}
log_file = ${root}/log
archiver = on
reuse_backup = link
immediate_checkpoint = true
backup_options = concurrent_backup

[pg]
description = "Many small tables"
conninfo = ${postgres.conninfo}
incoming_wals_directory = ${incoming}
${way}
`,
  );
  const base = join(home, 'pg', 'base');
  const newest = (): string | undefined =>
    readdirSync(base)
      .filter((name) => /^\d{8}T\d{6}$/.test(name))
      .sort()
      .at(-1);
  return {
    config,
    newest: () => {
      const id = newest();
      return id === undefined ? undefined : join(base, id, 'data');
    },
    status: () => {
      const id = newest();
      if (id === undefined) return undefined;
      const files = [join(home, 'pg', 'meta', `${id}-backup.info`), join(base, id, 'backup.info')];
      const info = files.map(readIfThere).join('\n');
      return /^status=(.*)$/m.exec(info)?.[1];
    },
  };
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
