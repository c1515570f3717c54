import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateKey, type Sshd, startSshd } from '../test/support/sshd.ts';

/** How everybody reaches the same server: the same user, keys and known hosts. */
export interface Remote {
  readonly user: string;
  readonly host: string;
  readonly port: number;
  readonly identityFile: string;
  readonly knownHostsFile: string;
  /** For `ssh -F`; holds all of the above but the port. */
  readonly sshConfigFile: string;
}

/** Debian's default subsystem; other systems put it elsewhere, and sshd's own does the same work. */
const SFTP_SERVER = '/usr/lib/openssh/sftp-server';

/**
 * bash reads ~/.bashrc when sshd starts it, unless it finds itself inside another shell: whatever the user of this
 * machine has in there shall burden nobody, neither `rsync --server` nor the SFTP server.
 */
const NO_SHELL_START_UP_FILES = 'SetEnv SHLVL=2';

/** An sshd as Debian sets it up, with throw-away keys; `lines` go before its other settings. */
export function startServer(lines: readonly string[] = []): Promise<Sshd> {
  return startSshd({
    config: [...lines, NO_SHELL_START_UP_FILES],
    sftp: existsSync(SFTP_SERVER) ? SFTP_SERVER : 'internal-sftp',
  });
}

/** The server as seen through a port of 127.0.0.1, its own or a relay's; makes its key known under that port. */
export function remoteOf(sshd: Sshd, port: number = sshd.port): Remote {
  if (port !== sshd.port)
    for (const key of sshd.hostKeys) appendFileSync(sshd.knownHostsFile, `[${sshd.host}]:${port} ${key}\n`);
  const { user, host, identityFile, knownHostsFile, sshConfigFile } = sshd;
  return { user, host, port, identityFile, knownHostsFile, sshConfigFile };
}

/** A file for `ssh -F` with which the same user gets SFTP and no shell. */
export function sftpAlone(sshd: Sshd): string {
  const key = join(sshd.directory, 'sftp_key');
  const config = join(sshd.directory, 'sftp_config');
  if (existsSync(config)) return config;
  generateKey(key);
  const server = existsSync(SFTP_SERVER) ? SFTP_SERVER : 'internal-sftp';
  appendFileSync(
    sshd.authorizedKeysFile,
    `restrict,command="${server}" ${readFileSync(`${key}.pub`, 'utf8')}`,
  );
  writeFileSync(config, readFileSync(sshd.sshConfigFile, 'utf8').replaceAll(sshd.identityFile, key));
  return config;
}
