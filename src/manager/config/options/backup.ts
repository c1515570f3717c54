import { boolean, count, integer, integerOrNothing, oneOf, seconds, tablespaceLimits } from '../grammar.ts';
import { option, optional } from '../option.ts';

/** How a base backup is copied. */
export const backupOptions = {
  reuse_backup: optional(
    'both',
    oneOf('link', 'copy', 'off'),
    'What becomes of files unchanged since the last backup: hard links to them, copies of them, or a full copy.',
  ),
  immediate_checkpoint: option(
    'both',
    boolean,
    false,
    'Whether the checkpoint at the start of a backup is done at once instead of spread out.',
  ),
  parallel_jobs: option(
    'both',
    integer('a whole number from 1', 1),
    1,
    'Number of connections that copy side by side.',
  ),
  parallel_jobs_start_batch_period: option(
    'both',
    seconds,
    1,
    'Seconds in which no more connections are opened than parallel_jobs_start_batch_size says.',
  ),
  parallel_jobs_start_batch_size: option(
    'both',
    integer('a whole number from 1', 1),
    10,
    'See the line above.',
  ),
  bandwidth_limit: optional(
    'both',
    integerOrNothing('a whole number of KB per second'),
    'Limit of the copy.',
  ),
  tablespace_bandwidth_limit: optional(
    'both',
    tablespaceLimits,
    'Limits of single tablespaces, in KB per second.',
  ),
  network_compression: option('both', boolean, false, 'Whether the ssh connection compresses.'),
  basebackup_retry_times: option('both', count, 0, 'How often a copy that broke off is tried again.'),
  basebackup_retry_sleep: option('both', seconds, 30, 'Seconds before it is tried again.'),
  autogenerate_manifest: option(
    'both',
    boolean,
    false,
    'Whether every backup gets a backup_manifest of PostgreSQL.',
  ),

  backup_compression: optional(
    'both',
    oneOf('gzip', 'lz4', 'zstd', 'none'),
    'Compression of a streamed base backup.',
  ),
  backup_compression_format: optional(
    'both',
    oneOf('plain', 'tar'),
    'Form of a compressed, streamed base backup.',
  ),
  backup_compression_level: optional(
    'both',
    integer('a whole number', -131_072, 22),
    'Level of backup_compression.',
  ),
  backup_compression_location: optional(
    'both',
    oneOf('client', 'server'),
    'The side that compresses a streamed base backup.',
  ),
  backup_compression_workers: optional('both', count, 'Threads of zstd in backup_compression.'),
};
