import type { Sshd } from './sshd.ts';

/** How command lines name a host and what lies on it. */
export interface Reach {
  readonly options: readonly string[];
  /** The location of an absolute path. */
  at(path: string): string;
}

type Server = Pick<Sshd, 'host' | 'port' | 'user' | 'identityFile' | 'knownHostsFile'>;

/** In the process, with ssh2; nothing of this machine's own SSH settings counts. */
export function bySsh2({ host, port, user, identityFile, knownHostsFile }: Server): Reach {
  return {
    options: ['--identity', identityFile, '--known-hosts', knownHostsFile],
    at: (path) => `sftp://${user}@${host}:${port}${path}`,
  };
}

/** With the ssh program, which rsync takes in the same words. */
export function byCommand({ sshConfigFile }: Sshd): Reach {
  return { options: ['-e', `ssh -F ${sshConfigFile}`], at: (path) => `testhost:${path}` };
}
