import type { BarmanHost } from '../../manager/wal/barman-host.ts';
import { failure } from '../../system/errors.ts';
import { type OptionRow, wholeNumber } from '../option-table.ts';

/** What the options of barman-cli say about the other host. */
export interface BarmanHostDraft {
  readonly host: { user: string; port?: number; config?: string; program: string };
  /** `--test` */
  test: boolean;
  /** Options that were given and mean nothing where no Barman is asked. */
  readonly hostOptions: string[];
}

/** As barman-cli has it. */
export const newHostDraft = (): BarmanHostDraft => ({
  host: { user: 'barman', program: 'barman' },
  test: false,
  hostOptions: [],
});

const row = (
  flags: string,
  help: string,
  apply: (draft: BarmanHostDraft, value: string) => void,
): OptionRow<BarmanHostDraft> => ({
  flags,
  help,
  heading: 'Where HOST is asked:',
  apply: (draft, value) => {
    draft.hostOptions.push(flags);
    apply(draft, value);
  },
});

/** barman-cli's options that say how the Barman on another host is asked. */
export const BARMAN_HOST_OPTIONS: readonly OptionRow<BarmanHostDraft>[] = [
  row('-U, --user <user>', 'log in there as USER (default: barman)', ({ host }, value) => {
    host.user = value;
  }),
  row('--port <port>', 'the port of the SSH server there', ({ host }, value) => {
    host.port = wholeNumber('--port', value, 1);
  }),
  row('-c, --config <file>', 'the configuration file there', ({ host }, value) => {
    host.config = value;
  }),
  row('--program <name>', 'what is run there: barman, the default, or cellarman', ({ host }, value) => {
    host.program = value;
  }),
  row('-t, --test', 'only test the connection and the configuration there', (draft) => {
    draft.test = true;
  }),
];

/** The server of the command line. A host may be given as `[user@]host` or as an IPv6 address in brackets. */
export function barmanHost({ host }: BarmanHostDraft, name: string, server: string): BarmanHost {
  const [, user = host.user, bracketed, plain] = /^(?:([^@]+)@)?(?:\[(.+)\]|([^@]+))$/.exec(name) ?? [];
  const address = bracketed ?? plain;
  // What OpenSSH refuses, too: these could become an option or reach a shell by way of a ProxyCommand.
  if (address === undefined || /^-|[\s'"`$\\;&<>|(){}]/.test(address) || /^-|[\s'"`$\\;&<>|(){}]/.test(user))
    throw failure('USAGE', { detail: `"${name}" is not the name of a host` });
  const { port, config, program } = host;
  return {
    name: { host: address, user, ...(port === undefined ? {} : { port }) },
    program,
    server,
    ...(config === undefined ? {} : { config }),
  };
}
