import { type Command, Option } from 'commander';

/** Options of all commands of the backup manager. They stand before the command, as with Barman. */
export interface ManagerFlags {
  readonly config?: string;
  readonly format: 'console' | 'json';
  readonly quiet: boolean;
  readonly debug: boolean;
  readonly color: 'never' | 'always' | 'auto';
  readonly logLevel?: string;
}

const COLORS = ['never', 'always', 'auto'];

export function declareManagerFlags(program: Command): void {
  program
    .optionsGroup('Options of the backup manager (before the command):')
    .option('-c, --config <file>', 'configuration file (default: ~/.barman.conf, /etc/barman.conf, …)')
    .addOption(
      new Option('-f, --format <format>', 'form of the output')
        .choices(['console', 'json'])
        .default('console'),
    )
    .option('-q, --quiet', 'show warnings and errors only', false)
    .option('-d, --debug', 'show errors with their stack and causes', false)
    .addOption(new Option('--color <when>', 'colour warnings and errors').choices(COLORS).default('auto'))
    .addOption(new Option('--colour <when>').choices(COLORS).hideHelp())
    .addOption(
      new Option('--log-level <level>', 'least severity that is logged').choices([
        'NOTSET',
        'DEBUG',
        'INFO',
        'WARNING',
        'ERROR',
        'CRITICAL',
      ]),
    );
}

/** The flags as the command line has them. */
export function managerFlags(program: Command): ManagerFlags {
  const { colour, color, ...flags } = program.opts<
    ManagerFlags & { readonly colour?: ManagerFlags['color'] }
  >();
  return { ...flags, color: colour ?? color };
}
