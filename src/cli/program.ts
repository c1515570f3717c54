import { Command, CommanderError } from 'commander';
import { isFailure } from '../system/errors.ts';
import type { Context, Surroundings } from './context.ts';
import { statusOfError } from './exit-status.ts';
import { declareManagerFlags } from './manager-flags.ts';
import { renderError } from './render/errors.ts';
import { readVersion } from './version.ts';

interface CommandModule {
  /** Gives the command its arguments, options and action. */
  readonly define: (command: Command, context: Context) => void;
}

interface CommandEntry {
  readonly name: string;
  /** Other names, under which Barman knows it too. */
  readonly aliases?: readonly string[];
  readonly summary: string;
  readonly load: () => Promise<CommandModule>;
}

/** Every command. Its module is loaded only when its name is on the command line. */
const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'sync',
    summary: 'make a destination equal to a source, as rsync does, over plain SFTP',
    load: () => import('./commands/sync.ts'),
  },
  {
    name: 'snapshot',
    summary: 'make a dated snapshot of a tree that shares unchanged files with the last one',
    load: () => import('./commands/snapshot.ts'),
  },
  {
    name: 'list-servers',
    aliases: ['list-server'],
    summary: 'list the servers of the configuration',
    load: () => import('./commands/list-servers.ts'),
  },
  {
    name: 'show-servers',
    aliases: ['show-server'],
    summary: 'show all options of servers',
    load: () => import('./commands/show-servers.ts'),
  },
  {
    name: 'list-backups',
    aliases: ['list-backup'],
    summary: 'list the backups of servers',
    load: () => import('./commands/list-backups.ts'),
  },
  {
    name: 'show-backup',
    aliases: ['show-backups'],
    summary: 'show everything about one backup',
    load: () => import('./commands/show-backup.ts'),
  },
];

/** Runs one command line; the exit status. Writes to the streams given, and never ends the process. */
export async function run(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const context: Context = { ...surroundings, debug: false, status: 0 };
  try {
    const program = await build(args, context);
    await program.parseAsync(args, { from: 'user' });
    return context.status;
  } catch (error) {
    // commander has written what there is to say.
    if (error instanceof CommanderError) return error.exitCode;
    context.stderr.write(renderError(error, context.debug));
    if (isFailure(error, 'USAGE')) context.stderr.write(hint(args));
    return statusOfError(error);
  }
}

async function build(args: readonly string[], context: Context): Promise<Command> {
  const program = new Command('cellarman')
    .description(
      'PostgreSQL backup and point-in-time recovery over plain SFTP, with a file sync engine of its own',
    )
    .version(readVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    // Options behind the command are its own: the value of an option may look like an option of the program.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      outputError: (text, write) =>
        write(`${text.replace(/^error: /, 'cellarman: ').trimEnd()}\n${hint(args)}`),
    });
  declareManagerFlags(program);
  for (const { name, aliases = [], summary, load } of COMMANDS) {
    const command = program.command(name).aliases(aliases).description(summary);
    if ([name, ...aliases].some((word) => args.includes(word))) (await load()).define(command, context);
  }
  return program;
}

function hint(args: readonly string[]): string {
  const name = COMMANDS.find((entry) => entry.name === args[0])?.name;
  return `cellarman: see "cellarman ${name === undefined ? '' : `${name} `}--help"\n`;
}
