import { boolean, count, integer, interval, oneOf, path, size, text, words } from '../grammar.ts';
import { derived, option, optional } from '../option.ts';

/** What a server is, where its catalogue lies and what `check` expects of it. */
export const serverOptions = {
  active: option(
    'server',
    boolean,
    true,
    'An inactive server takes part in no command that works on all servers.',
  ),
  description: optional('server', text, 'A name for people.'),
  cluster: derived(
    'server',
    text,
    '<name>',
    'Cluster the server belongs to; models of the same cluster fit it.',
  ),

  backup_directory: derived('server', path, '<barman_home>/<name>', 'Catalogue of this server.'),
  basebackups_directory: derived('server', path, '<backup_directory>/base', 'Base backups.'),
  errors_directory: derived(
    'server',
    path,
    '<backup_directory>/errors',
    'WAL files that could not be archived.',
  ),
  incoming_wals_directory: derived(
    'server',
    path,
    '<backup_directory>/incoming',
    'WAL files as archive_command delivers them.',
  ),
  streaming_wals_directory: derived(
    'server',
    path,
    '<backup_directory>/streaming',
    'WAL files as the replication protocol delivers them.',
  ),
  wals_directory: derived('server', path, '<backup_directory>/wals', 'The WAL archive.'),
  xlogdb_directory: derived('both', path, '<wals_directory>', 'Directory of the index of the WAL archive.'),

  backup_method: option(
    'both',
    oneOf('rsync', 'local-rsync', 'postgres', 'snapshot', 'local-to-cloud'),
    'rsync',
    'How base backups are taken: rsync copies files over SFTP, local-rsync from this host.',
  ),
  backup_options: option(
    'both',
    words(
      'BackupOptions',
      ['concurrent_backup', 'exclusive_backup', 'external_configuration'],
      ['concurrent_backup', 'exclusive_backup'],
    ),
    new Set(),
    'external_configuration leaves configuration files outside the data directory alone.',
  ),
  recovery_options: option(
    'both',
    words('RecoveryOptions', ['get-wal', 'delta-restore']),
    new Set(),
    'get-wal: restored servers ask for WAL when they need it; delta-restore: existing files are made use of.',
  ),

  check_timeout: option(
    'both',
    integer('a whole number of seconds, 0 for no limit'),
    30,
    'Longest time of a check.',
  ),
  last_backup_maximum_age: optional('both', interval, 'Age of the newest backup beyond which check fails.'),
  last_backup_minimum_size: optional('both', size, 'Size of the newest backup below which check fails.'),
  last_wal_maximum_age: optional(
    'both',
    interval,
    'Age of the newest archived WAL beyond which check fails.',
  ),
  max_incoming_wals_queue: optional(
    'both',
    count,
    'Number of WAL files waiting to be archived beyond which check fails.',
  ),
  forward_config_path: option(
    'both',
    boolean,
    false,
    'Whether a passive node passes the path of its configuration on to the primary.',
  ),
  primary_ssh_command: optional('both', text, 'ssh command to the Barman host this server is copied from.'),
  path_prefix: optional(
    'both',
    text,
    'Directories, separated by colons, searched first for PostgreSQL programs.',
  ),
};
