import type { ReachOptions } from '../../ssh/reach-options.ts';
import { type OptionRow, wholeNumber } from '../option-table.ts';

/** What every draft has whose command reaches hosts. */
export interface ReachDraft {
  readonly options: { -readonly [K in keyof ReachOptions]: ReachOptions[K] };
}

const list = (
  flags: string,
  key: 'identityFiles' | 'knownHostsFiles' | 'ciphers',
  help: string,
  split: (value: string) => readonly string[] = (value) => [value],
): OptionRow<ReachDraft> => ({
  flags,
  help,
  apply: ({ options }, value) => {
    options[key] = [...(options[key] ?? []), ...split(value)];
  },
});

const text = (flags: string, key: 'rsh' | 'passwordFile', help: string): OptionRow<ReachDraft> => ({
  flags,
  help,
  apply: ({ options }, value) => {
    options[key] = value;
  },
});

/** How hosts are reached: the same options for every command. */
export const REACH_OPTIONS: readonly OptionRow<ReachDraft>[] = [
  text('-e, --rsh <command>', 'rsh', 'reach hosts by this SSH command, to which "-s HOST sftp" is added'),
  text('--password-file <file>', 'passwordFile', 'read the password from the first line of FILE'),
  list('--identity <file>', 'identityFiles', 'try this private key, too; repeatable'),
  list(
    '--known-hosts <file>',
    'knownHostsFiles',
    'check host keys by FILE in place of the usual files; repeatable',
  ),
  list('--cipher <list>', 'ciphers', 'the ciphers to offer, best first, separated by commas', (value) =>
    value.split(',').filter((name) => name !== ''),
  ),
  {
    flags: '--timeout <seconds>',
    help: 'give up a connection on which nothing moves for this long (status 30); 0, the default, never does',
    apply: ({ options }, value) => {
      options.timeout = wholeNumber('--timeout', value, 0);
    },
  },
];
