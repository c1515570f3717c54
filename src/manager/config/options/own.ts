import { absolutePath, integer, oneOf, path } from '../grammar.ts';
import { optional } from '../option.ts';

/**
 * What Barman does not know. These stand in `cellarman.d/*.conf` beside the main file, so that Barman never meets them:
 * in a section of the server's name, or in `[cellarman]` for all servers. None is required.
 */
export const ownOptions = {
  transport: optional(
    'both',
    oneOf('ssh2', 'command'),
    'ssh2 reaches the host within this process, command runs ssh_command; without it ssh_command decides.',
  ),
  known_hosts: optional('both', path, 'File of known host keys in place of ~/.ssh/known_hosts.'),
  sftp_root: optional(
    'both',
    absolutePath,
    'Directory of the database host that sshd shows as / (ChrootDirectory): PostgreSQL says /srv/chroot/data where SFTP says /data.',
  ),
  lanes: optional(
    'both',
    integer('a whole number from 1', 1),
    'Worker threads, each with a connection of its own, in place of parallel_jobs.',
  ),
};
