import { boolean, path, text } from '../grammar.ts';
import { derived, option, optional } from '../option.ts';

/** Options of the program itself; they stand in `[barman]` of the main file only. */
export const globalOptions = {
  barman_home: option('global', path, '', 'Directory that holds the catalogues of all servers. Required.'),
  barman_user: option('global', text, 'barman', 'The user who owns the catalogues and runs every command.'),
  barman_lock_directory: derived('global', path, '<barman_home>', 'Directory of the lock files.'),
  lock_directory_cleanup: option(
    'global',
    boolean,
    true,
    'Whether cron removes lock files of servers that are no longer configured.',
  ),
  config_changes_queue: derived(
    'global',
    path,
    '<barman_home>/cfg_changes.queue',
    'File in which config-update keeps changes until they are written.',
  ),
  configuration_files_directory: optional(
    'global',
    path,
    'Directory whose *.conf files are read after the main file, in the order of their names.',
  ),
  log_file: optional('global', path, 'File that receives the log; without one nothing is logged.'),
  log_level: option(
    'global',
    text,
    'INFO',
    'Least severity that is logged: DEBUG, INFO, WARNING, ERROR, CRITICAL.',
  ),
  log_format: optional(
    'global',
    text,
    'Kept for Barman, which gives its log lines this form; not used here.',
  ),
};
