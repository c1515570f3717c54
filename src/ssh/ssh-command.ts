import { failure, isFailure } from '../system/errors.ts';
import type { Target } from './connect.ts';
import { resolveHost } from './connect.ts';
import type { RemoteLocation } from './location.ts';
import { parseLocation } from './location.ts';
import type { ReachOptions } from './reach-options.ts';
import { isSsh, splitWords } from './transports/command-line.ts';

/** A whole command that reaches a host, as `ssh -p 2222 postgres@db`, taken apart. */
interface PlainCommand {
  readonly location: RemoteLocation;
  /** Everything but the host. */
  readonly args: readonly string[];
}

/** Options of ssh(1) that the built-in client follows too, with a value or without. */
const WITH_VALUE = new Set(['-p', '-i', '-l', '-o', '-F', '-c']);
const WITHOUT_VALUE = /^-[46aCknqTvx]+$/;

export interface SshCommandOptions {
  /** `ssh2`: within this process; `command`: as it stands, with `-s sftp` behind it. Default: ssh2 where that can. */
  readonly transport?: 'ssh2' | 'command' | undefined;
  /** In place of the known-hosts files of the host settings. */
  readonly knownHostsFiles?: readonly string[] | undefined;
}

/** How a command of ssh reaches its host. USAGE where it cannot be understood, and what `resolveHost` gives. */
export async function resolveSshCommand(text: string, options: SshCommandOptions = {}): Promise<Target> {
  const words = splitWords(text);
  const plain = options.transport === 'command' ? undefined : takeApart(words);
  if (plain === undefined && options.transport === 'ssh2') {
    throw failure('USAGE', {
      detail: `"${text}" cannot be run within this process: that takes ssh with -p, -i, -l, -o or -F and a host`,
    });
  }
  if (plain === undefined) return asItStands(text, words, options);
  const { knownHostsFiles } = options;
  const reach: ReachOptions = {
    sshArguments: plain.args,
    ...(knownHostsFiles === undefined ? {} : { knownHostsFiles }),
  };
  try {
    return await resolveHost(plain.location, reach);
  } catch (error) {
    // The host's settings ask for what only ssh itself can do, such as a ProxyJump.
    if (options.transport === undefined && isFailure(error, 'UNSUPPORTED'))
      return asItStands(text, words, options);
    throw error;
  }
}

/** Undefined for every command that is more than ssh, such options and a host. */
function takeApart(words: readonly string[]): PlainCommand | undefined {
  const [program, ...rest] = words;
  if (program === undefined || !isSsh(program)) return undefined;
  const args: string[] = [];
  let host: string | undefined;
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at] ?? '';
    if (!word.startsWith('-')) {
      if (host !== undefined) return undefined;
      host = word;
    } else if (WITH_VALUE.has(word.slice(0, 2))) {
      const value = word.length > 2 ? word.slice(2) : rest[++at];
      if (value === undefined) return undefined;
      args.push(word.slice(0, 2), value);
    } else if (WITHOUT_VALUE.test(word)) args.push(word);
    else return undefined;
  }
  if (host === undefined) return undefined;
  // A host that is an IPv6 address stands in no brackets here.
  const location = parseLocation(`${host.replace(/^(.*@)?([^@[\]]*:[^@[\]]*)$/, '$1[$2]')}:`);
  if (location.kind !== 'remote') return undefined;
  const { user, ...anybody } = location;
  return { location: user === undefined || args.includes('-l') ? anybody : location, args };
}

/** OpenSSH takes options behind the host too, and of two values of one option the first, which is the user's. */
function asItStands(text: string, words: readonly string[], { knownHostsFiles }: SshCommandOptions): Target {
  const [program, ...args] = words;
  if (program === undefined) throw failure('USAGE', { detail: 'the command for ssh is empty' });
  const ours = isSsh(program)
    ? [
        ...['-o', 'BatchMode=yes', '-o', 'RequestTTY=no', '-o', 'RemoteCommand=none'],
        ...(knownHostsFiles ?? []).flatMap((file) => ['-o', `UserKnownHostsFile="${file}"`]),
      ]
    : [];
  const label = words.findLast((word) => !word.startsWith('-')) ?? text;
  return {
    transport: 'command',
    command: {
      label,
      user: label.includes('@') ? label.slice(0, label.lastIndexOf('@')) : 'the user of its settings',
      program,
      args: [...args, ...ours, '-s', 'sftp'],
      shellArgs: [...args, ...ours],
    },
    timeout: 0,
  };
}
