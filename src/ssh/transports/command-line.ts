import { closeSync, openSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { failure } from '../../system/errors.ts';
import type { RemoteLocation } from '../location.ts';
import type { ReachOptions } from '../reach-options.ts';

/** A program that reaches a host, with its arguments. */
export interface Command {
  /** For people: `user@host`, with the port where the location gives one. */
  readonly label: string;
  readonly user: string;
  readonly program: string;
  /** With these it speaks SFTP on its standard input and output. */
  readonly args: readonly string[];
  /** With these, and a line behind them, it has the shell there run that line. */
  readonly shellArgs: readonly string[];
}

/** The command of `-e` with what it needs besides. USAGE where it cannot be understood. */
export function composeCommand(rsh: string, location: RemoteLocation, options: ReachOptions): Command {
  const [program, ...given] = splitWords(rsh);
  if (program === undefined) throw usage('the command of -e is empty');
  const { user, host, port } = location;
  const common = [
    ...given,
    ...(isSsh(program) ? sshOptions(options) : otherOptions(options, program)),
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...(user === undefined ? [] : ['-l', user]),
  ];
  const label = `${user === undefined ? '' : `${user}@`}${host}${port === undefined ? '' : `:${port}`}`;
  return {
    label,
    user: user ?? 'the user of its settings',
    program,
    args: [...common, '-s', host, 'sftp'],
    shellArgs: [...common, host],
  };
}

/**
 * Splits as rsync does for -e: at spaces, with single and double quotes, a doubled quote inside them standing for one.
 * There is no escape character, and no shell has a hand in it.
 */
export function splitWords(text: string): string[] {
  const words = text.match(/(?:"(?:[^"]|"")*"|'(?:[^']|'')*'|[^\s"'])+|["']/g) ?? [];
  return words.map((word) => {
    if (word === '"' || word === "'") throw usage(`a quote is not closed in the command ${text}`);
    return word.replace(/"((?:[^"]|"")*)"|'((?:[^']|'')*)'/g, (_, double?: string, single?: string) =>
      double === undefined ? (single ?? '').replaceAll("''", "'") : double.replaceAll('""', '"'),
    );
  });
}

/** Whether a program takes OpenSSH's options and ends as it does. */
export const isSsh = (program: string): boolean => basename(program) === 'ssh';

/** The first value of an option wins in ssh, so that those the user gave stand before ours. */
function sshOptions(options: ReachOptions): string[] {
  if (options.passwordFile !== undefined) {
    throw usage('--password-file works without -e only: ssh takes no password from a file');
  }
  const { identityFiles = [], knownHostsFiles, ciphers, timeout = 0 } = options;
  const set = (name: string, value: string | number): string[] => ['-o', `${name}=${value}`];
  return [
    ...identityFiles.flatMap((file) => ['-i', resolve(file)]),
    ...(knownHostsFiles === undefined
      ? []
      : [
          ...set('UserKnownHostsFile', knownHostsFiles.map((file) => `"${resolve(file)}"`).join(' ')),
          ...set('GlobalKnownHostsFile', 'none'),
        ]),
    ...(ciphers === undefined ? [] : set('Ciphers', ciphers.join(','))),
    ...(timeout > 0
      ? [...set('ServerAliveInterval', Math.ceil(timeout / 3)), ...set('ServerAliveCountMax', 3)]
      : []),
    ...(hasTerminal() ? [] : set('BatchMode', 'yes')),
    // A session for data only: nothing forwarded, nothing run besides, whatever the host's settings say.
    '-x',
    '-a',
    ...set('ClearAllForwardings', 'yes'),
    ...set('PermitLocalCommand', 'no'),
    ...set('RemoteCommand', 'none'),
    ...set('RequestTTY', 'no'),
  ];
}

function otherOptions(options: ReachOptions, program: string): string[] {
  for (const [name, value] of [
    ['--password-file', options.passwordFile],
    ['an identity file', options.identityFiles],
    ['a known-hosts file', options.knownHostsFiles],
    ['ciphers', options.ciphers],
  ] as const) {
    if (value === undefined) continue;
    throw usage(
      `${name} cannot be handed to ${program}, which is not ssh: give it in the command of -e itself`,
    );
  }
  return [];
}

/** ssh asks on the terminal of the process, wherever its standard input comes from. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

const usage = (detail: string): Error => failure('USAGE', { detail });
