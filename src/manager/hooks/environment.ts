import { type Backup, isCopied, statusOf } from '../catalogue/backup.ts';
import type { Layout } from '../catalogue/layout.ts';
import { reprFloat } from '../catalogue/python-repr.ts';
import type { WalEntry } from '../catalogue/wal-entry.ts';

/** What a script is told about the thing it is run for, beside what {@link Hooks} tells every script. */
export type HookEnvironment = Readonly<Record<`BARMAN_${string}`, string>>;

/** @param backups the catalogue, for the neighbours of the backup. */
export function backupEnvironment(
  layout: Pick<Layout, 'backup'>,
  backup: Backup,
  backups: readonly Backup[],
): HookEnvironment {
  const copied = backups.filter(isCopied);
  return {
    BARMAN_BACKUP_DIR: layout.backup(backup.id),
    BARMAN_BACKUP_ID: backup.id,
    BARMAN_BACKUP_INFO_PATH: backup.infoPath,
    BARMAN_STATUS: statusOf(backup),
    BARMAN_PREVIOUS_ID: copied.findLast(({ id }) => id < backup.id)?.id ?? '',
    BARMAN_NEXT_ID: copied.find(({ id }) => id > backup.id)?.id ?? '',
  };
}

/** @param path where the file is at the moment. */
export function walEnvironment(
  { name, size, time, compression }: Pick<WalEntry, 'name' | 'size' | 'time' | 'compression'>,
  path: string,
): HookEnvironment {
  return {
    BARMAN_SEGMENT: name,
    BARMAN_FILE: path,
    BARMAN_SIZE: String(size),
    BARMAN_TIMESTAMP: reprFloat(time),
    BARMAN_COMPRESSION: compression ?? '',
  };
}

export interface Recovery {
  readonly destination: string;
  /** Locations by name of tablespace, where they were given. */
  readonly tablespaces: Readonly<Record<string, string>>;
  /** Null for a restore on this host. */
  readonly remoteCommand: string | null;
  /** The options of the command line, by Barman's names. */
  readonly options: Readonly<Record<string, string | number | boolean | null>>;
}

export function recoveryEnvironment(
  backup: HookEnvironment,
  { destination, tablespaces, remoteCommand, options }: Recovery,
): HookEnvironment {
  return {
    ...backup,
    BARMAN_DESTINATION_DIRECTORY: destination,
    BARMAN_TABLESPACES: Object.keys(tablespaces).length === 0 ? '' : JSON.stringify(tablespaces),
    BARMAN_REMOTE_COMMAND: remoteCommand ?? '',
    BARMAN_RECOVER_OPTIONS: JSON.stringify(options),
  };
}
