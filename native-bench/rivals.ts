import { fileURLToPath } from 'node:url';
import { findProgram } from '../test/support/programs.ts';
import type { Command } from './measure.ts';
import type { Contestant, PresentContestant } from './scenario.ts';
import type { Remote } from './sshd.ts';

export const RSYNC = 'rsync over ssh';
export const RSYNC_OUR_CIPHER = 'rsync over ssh, our cipher';
export const RSYNC_LOCAL = 'rsync';
export const RSYNC_SYNCED = 'rsync, then sync -f';
export const BARMAN = 'Barman';
export const XXHSUM = 'xxhsum -c, all cores';

/** A rival, or the reason why it cannot take part. */
export function rival(
  name: string,
  programs: readonly string[],
  make: (name: string) => PresentContestant,
): Contestant {
  const missing = programs.filter((program) => findProgram(program) === undefined);
  return missing.length === 0 ? make(name) : { name, absent: `${missing.join(', ')} not installed` };
}

/** `-c` only where a cipher is given: otherwise ssh's own choice, as users run it. */
function sshOptions(remote: Remote, cipher?: string): string[] {
  return ['-F', remote.sshConfigFile, ...(cipher === undefined ? [] : ['-c', cipher])];
}

function there(remote: Remote, path: string): string {
  return `${remote.user}@${remote.host}:${path}`;
}

export function rsync(...args: string[]): Command {
  return { argv: ['rsync', ...args] };
}

/** Paths that begin with `:` are the other host's. */
export function rsyncOverSsh(remote: Remote, cipher: string | undefined, ...args: string[]): Command {
  const shell = ['ssh', ...sshOptions(remote, cipher), '-p', String(remote.port)].join(' ');
  const places = args.map((arg) => (arg.startsWith(':') ? there(remote, arg.slice(1)) : arg));
  return rsync('-e', shell, ...places);
}

/** What was copied is on the disk when it ends; over ssh, on the other host's. */
export function thenSynced({ argv }: Command, path: string, remote: Remote | undefined): Command {
  const ssh =
    remote === undefined ? [] : ['ssh', ...sshOptions(remote), '-p', String(remote.port), remote.host];
  const sync = [...ssh, 'sync', '-f', path].join(' ');
  return { argv: ['sh', '-c', 'sync=$1; shift; "$@" && $sync', 'sh', sync, ...argv] };
}

export function scp(remote: Remote, from: string, to: string): Command {
  return {
    argv: ['scp', '-rpq', ...sshOptions(remote), '-P', String(remote.port), there(remote, from), to],
  };
}

export function sftp(remote: Remote, from: string, to: string): Command {
  return {
    argv: ['sftp', '-rpq', ...sshOptions(remote), '-P', String(remote.port), there(remote, from), to],
  };
}

/** The bytes of all files directly in a directory through ssh to nowhere: what a copy cannot undercut. */
export function catOverSsh(remote: Remote, cipher: string, directory: string): Command {
  const ssh = ['ssh', ...sshOptions(remote, cipher), '-p', String(remote.port)] as const;
  return { argv: [...ssh, there(remote, '').slice(0, -1), `cat ${directory}/*`] as [string, ...string[]] };
}

const DOWNLOAD_DIR = fileURLToPath(new URL('./download-dir.mjs', import.meta.url));

/** ssh2-sftp-client's `downloadDir`: names and content only. */
export function downloadDir(remote: Remote, from: string, to: string): Command {
  const { host, port, user, identityFile } = remote;
  return { argv: [process.execPath, DOWNLOAD_DIR, host, String(port), user, identityFile, from, to] };
}
