import { integer, oneOf, seconds, slotName, text } from '../grammar.ts';
import { option, optional } from '../option.ts';

/** How the server is reached: by SQL, by replication protocol, by ssh. */
export const connectionOptions = {
  conninfo: optional('server', text, 'libpq connection string for SQL.'),
  streaming_conninfo: {
    ...optional('server', text, 'libpq connection string for the replication protocol.'),
    template: '<conninfo>',
  },
  wal_conninfo: optional('server', text, 'Takes the place of conninfo where WAL is concerned.'),
  wal_streaming_conninfo: optional(
    'server',
    text,
    'Takes the place of streaming_conninfo where WAL is concerned.',
  ),
  primary_conninfo: optional(
    'server',
    text,
    'Connection string of the primary when backups come from a standby.',
  ),
  primary_checkpoint_timeout: option(
    'server',
    seconds,
    0,
    'Seconds to wait for the primary to close a WAL file before it is asked for a checkpoint; 0 never asks.',
  ),
  keepalive_interval: option(
    'both',
    integer('a whole number of seconds, 0 for never'),
    60,
    'Seconds between two signs of life on the connection that holds a backup open.',
  ),
  ssh_command: optional(
    'server',
    text,
    'ssh command that reaches the database host as the owner of its files.',
  ),
  slot_name: optional('both', slotName, 'Replication slot that holds WAL back until it is received.'),
  create_slot: option(
    'both',
    oneOf('manual', 'auto'),
    'manual',
    'Whether a missing replication slot is created.',
  ),
  streaming_archiver_name: option(
    'both',
    text,
    'barman_receive_wal',
    'application_name of the connection that receives WAL.',
  ),
  streaming_backup_name: option(
    'both',
    text,
    'barman_streaming_backup',
    'application_name of the connection that takes a streamed backup.',
  ),
};
