import { boolean, compressionLevel, count, oneOf, shellCommand, text } from '../grammar.ts';
import { option, optional } from '../option.ts';

const compression = {
  ...oneOf('gzip', 'bzip2', 'pygzip', 'pybzip2', 'pigz', 'xz', 'zstd', 'lz4', 'snappy', 'custom'),
  // A server says "no compression" with an empty value where [barman] has one.
  empty: 'unset' as const,
};

const encryption = {
  ...oneOf('none', 'gpg'),
  show: (value: string) => (value === 'none' ? 'None' : value),
};

/** How WAL is received and stored. */
export const walOptions = {
  archiver: option('both', boolean, false, 'Whether WAL arrives by archive_command.'),
  archiver_batch_size: option('both', count, 0, 'WAL files one run of archive-wal takes; 0 is no limit.'),
  streaming_archiver: option('both', boolean, false, 'Whether WAL arrives by the replication protocol.'),
  streaming_archiver_batch_size: option('both', count, 0, 'The same for WAL that was received by streaming.'),
  compression: optional('both', compression, 'Compression of archived WAL.'),
  compression_level: option('both', compressionLevel, 'medium', 'Level of compression.'),
  custom_compression_filter: optional(
    'both',
    shellCommand,
    'Filter that compresses when compression is custom.',
  ),
  custom_decompression_filter: optional(
    'both',
    shellCommand,
    'Filter that undoes custom_compression_filter.',
  ),
  custom_compression_magic: optional(
    'both',
    text,
    'First bytes of what custom_compression_filter writes, as 0x and hex digits.',
  ),
  encryption: optional('both', encryption, 'Encryption of archived WAL and of streamed tar backups.'),
  encryption_key_id: optional('both', text, 'Key of encryption.'),
  encryption_passphrase_command: optional(
    'both',
    shellCommand,
    'Command that prints the passphrase of the key.',
  ),
  worm_mode: option('both', boolean, false, 'Whether the archive lies on write-once storage.'),
};
