import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import type { ServerConfig } from '../config/configuration.ts';
import { shellWord } from './recovery-settings.ts';

export interface RestoreCommandWishes {
  readonly remote: boolean;
  /** Of this host's SSH server; undefined: its default. */
  readonly port: number | undefined;
  /** A standby waits for whole segments. */
  readonly standby: boolean;
}

/**
 * What a restored server runs to fetch WAL from this host's archive: over SFTP where it is on another one. Undefined
 * where the archive is not as `cellarman wal-restore` expects it.
 */
export function restoreCommand(
  { options }: Pick<ServerConfig, 'options'>,
  { remote, port, standby }: RestoreCommandWishes,
): string | undefined {
  const { backup_directory: directory, wals_directory: wals } = options;
  if (wals !== join(directory, 'wals')) return undefined;
  const partial = standby ? '' : '-P ';
  return `cellarman wal-restore ${partial}${shellWord(place(directory, remote, port)).replaceAll('%', '%%')} %f %p`;
}

function place(directory: string, remote: boolean, port: number | undefined): string {
  if (!remote) return directory;
  const { username } = userInfo();
  if (port === undefined) return `${username}@${hostname()}:${directory}`;
  return `sftp://${username}@${hostname()}:${port}${encodeURI(directory)}`;
}
