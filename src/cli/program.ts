import { Command, CommanderError } from 'commander';
import { isFailure } from '../system/errors.ts';
import type { Context, Surroundings } from './context.ts';
import { EXIT, managerStatusHelp, statusOfError } from './exit-status.ts';
import { declareManagerFlags } from './manager-flags.ts';
import { renderError } from './render/errors.ts';
import { isUnread, outputProblem, whatEnded } from './signals.ts';
import { readVersion } from './version.ts';

interface CommandModule {
  /** Gives the command its arguments, options and action. */
  readonly define: (command: Command, context: Context) => void;
}

/** Under these headings the help has the commands. */
const GROUPS = {
  trees: 'Trees and snapshots:',
  manager: 'Backup manager:',
  wal: 'On the database host:',
  help: 'Help:',
} as const;

interface CommandEntry {
  readonly name: string;
  /** Other names, under which Barman knows it too. */
  readonly aliases?: readonly string[];
  readonly group: keyof typeof GROUPS;
  readonly summary: string;
  /** It is about the other commands, which are all loaded for it. */
  readonly aboutAll?: true;
  readonly load: () => Promise<CommandModule>;
}

/** Every command. Its module is loaded only when its name is on the command line. */
const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'sync',
    group: 'trees',
    summary: 'make a destination equal to a source, as rsync does, over plain SFTP',
    load: () => import('./commands/sync.ts'),
  },
  {
    name: 'snapshot',
    group: 'trees',
    summary: 'make a dated snapshot of a tree that shares unchanged files with the last one',
    load: () => import('./commands/snapshot.ts'),
  },
  {
    name: 'snapshots',
    group: 'trees',
    summary: 'list the snapshots of a repository',
    load: () => import('./commands/snapshots.ts'),
  },
  {
    name: 'diff',
    group: 'trees',
    summary: 'show what changed from one snapshot to another',
    load: () => import('./commands/diff.ts'),
  },
  {
    name: 'verify',
    group: 'trees',
    summary: 'compare snapshots with their hashes, and on request with the source',
    load: () => import('./commands/verify.ts'),
  },
  {
    name: 'prune',
    group: 'trees',
    summary: 'remove the snapshots that a retention policy does not keep',
    load: () => import('./commands/prune.ts'),
  },
  {
    name: 'list-servers',
    aliases: ['list-server'],
    group: 'manager',
    summary: 'list the servers of the configuration',
    load: () => import('./commands/list-servers.ts'),
  },
  {
    name: 'show-servers',
    aliases: ['show-server'],
    group: 'manager',
    summary: 'show all options of servers',
    load: () => import('./commands/show-servers.ts'),
  },
  {
    name: 'list-backups',
    aliases: ['list-backup'],
    group: 'manager',
    summary: 'list the backups of servers',
    load: () => import('./commands/list-backups.ts'),
  },
  {
    name: 'show-backup',
    aliases: ['show-backups'],
    group: 'manager',
    summary: 'show everything about one backup',
    load: () => import('./commands/show-backup.ts'),
  },
  {
    name: 'backup',
    group: 'manager',
    summary: 'take a base backup of servers',
    load: () => import('./commands/backup.ts'),
  },
  {
    name: 'check-backup',
    group: 'manager',
    summary: 'look whether the archive holds all WAL of a backup',
    load: () => import('./commands/check-backup.ts'),
  },
  {
    name: 'check',
    group: 'manager',
    summary: 'check whether servers can be backed up and restored',
    load: () => import('./commands/check.ts'),
  },
  {
    name: 'status',
    group: 'manager',
    summary: 'show the state of servers and their backups',
    load: () => import('./commands/status.ts'),
  },
  {
    name: 'diagnose',
    group: 'manager',
    summary: 'print everything that helps to find out what is wrong, as JSON',
    load: () => import('./commands/diagnose.ts'),
  },
  {
    name: 'replication-status',
    group: 'manager',
    summary: 'show who receives WAL from servers',
    load: () => import('./commands/replication-status.ts'),
  },
  {
    name: 'list-files',
    group: 'manager',
    summary: 'list the files of a backup and its WAL',
    load: () => import('./commands/list-files.ts'),
  },
  {
    name: 'list-processes',
    aliases: ['list-process'],
    group: 'manager',
    summary: 'list what is at work on a server',
    load: () => import('./commands/list-processes.ts'),
  },
  {
    name: 'sync-info',
    group: 'manager',
    summary: 'print what a passive node needs to know, as JSON',
    load: () => import('./commands/sync-info.ts'),
  },
  {
    name: 'verify-backup',
    group: 'manager',
    summary:
      'prove that a backup can be restored: hashes, pages, WAL, and on request a server started from it',
    load: () => import('./commands/verify-backup.ts'),
  },
  {
    name: 'generate-manifest',
    group: 'manager',
    summary: 'give a backup the backup_manifest that pg_verifybackup wants',
    load: () => import('./commands/generate-manifest.ts'),
  },
  {
    name: 'delete',
    group: 'manager',
    summary: 'delete backups, and the WAL that nobody needs without them',
    load: () => import('./commands/delete.ts'),
  },
  {
    name: 'keep',
    group: 'manager',
    summary: 'protect a backup from deletion',
    load: () => import('./commands/keep.ts'),
  },
  {
    name: 'cron',
    group: 'manager',
    summary: 'do what has to be done every minute for all servers',
    load: () => import('./commands/cron.ts'),
  },
  {
    name: 'restore',
    aliases: ['recover'],
    group: 'manager',
    summary: 'restore a backup, as of any moment that WAL reaches, here or on another host',
    load: () => import('./commands/restore.ts'),
  },
  {
    name: 'switch-wal',
    aliases: ['switch-xlog'],
    group: 'manager',
    summary: 'make servers begin a new WAL segment, so that the last one can be archived',
    load: () => import('./commands/switch-wal.ts'),
  },
  {
    name: 'check-wal-archive',
    group: 'manager',
    summary: 'check that a new server may archive WAL to this place',
    load: () => import('./commands/check-wal-archive.ts'),
  },
  {
    name: 'rebuild-xlogdb',
    group: 'manager',
    summary: 'write the index of the WAL archive anew from what is there',
    load: () => import('./commands/rebuild-xlogdb.ts'),
  },
  {
    name: 'receive-wal',
    group: 'manager',
    summary: 'receive WAL by the replication protocol (comes later)',
    load: () => import('./commands/receive-wal.ts'),
  },
  {
    name: 'sync-backup',
    group: 'manager',
    summary: 'copy a backup from the primary node of a passive server (comes later)',
    load: () => import('./commands/sync-backup.ts'),
  },
  {
    name: 'sync-wals',
    group: 'manager',
    summary: 'copy WAL from the primary node of a passive server (comes later)',
    load: () => import('./commands/sync-wals.ts'),
  },
  {
    name: 'terminate-process',
    group: 'manager',
    summary: 'end a process that is at work on a server',
    load: () => import('./commands/terminate-process.ts'),
  },
  {
    name: 'lock-directory-cleanup',
    group: 'manager',
    summary: 'remove lock files that nobody holds',
    load: () => import('./commands/lock-directory-cleanup.ts'),
  },
  {
    name: 'config-switch',
    group: 'manager',
    summary: 'switch a server to a model, or back',
    load: () => import('./commands/config-switch.ts'),
  },
  {
    name: 'config-update',
    group: 'manager',
    summary: 'change the configuration files of servers and models',
    load: () => import('./commands/config-update.ts'),
  },
  {
    name: 'archive-wal',
    group: 'manager',
    summary: 'bring the WAL that arrived for a server into its archive',
    load: () => import('./commands/archive-wal.ts'),
  },
  {
    name: 'put-wal',
    group: 'manager',
    summary: 'take WAL files from standard input, for barman-wal-archive',
    load: () => import('./commands/put-wal.ts'),
  },
  {
    name: 'get-wal',
    group: 'manager',
    summary: 'give a WAL file on standard output, for barman-wal-restore',
    load: () => import('./commands/get-wal.ts'),
  },
  {
    name: 'wal-archive',
    group: 'wal',
    summary: 'for archive_command: bring a WAL file to where it is archived',
    load: () => import('./commands/wal-archive.ts'),
  },
  {
    name: 'wal-restore',
    group: 'wal',
    summary: 'for restore_command: bring a WAL file from where it is archived',
    load: () => import('./commands/wal-restore.ts'),
  },
  {
    name: 'completion',
    group: 'help',
    summary: 'print a script that completes command lines in bash, zsh or fish',
    aboutAll: true,
    load: () => import('./commands/completion.ts'),
  },
];

/** Runs one command line; the exit status. Writes to the streams given, and never ends the process. */
export async function run(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const context: Context = { ...surroundings, debug: false, status: 0 };
  try {
    const program = await build(args, context, commandOf(args)?.aboutAll === true);
    await program.parseAsync(args, { from: 'user' });
    return context.status;
  } catch (thrown) {
    const error = whatEnded(thrown, context.signal);
    // commander has written what there is to say.
    if (error instanceof CommanderError) {
      return error.exitCode === 0
        ? 0
        : (context.errorStatus ?? statusOfUsage(commandOf(args)) ?? error.exitCode);
    }
    if (context.errorStatus === undefined && isUnread(error, context.signal)) return EXIT.unread;
    context.stderr.write(renderError(error, context.debug));
    if (isFailure(error, 'USAGE')) context.stderr.write(hint(args));
    return context.errorStatus ?? statusOfError(error);
  }
}

/** The exit status when all output is out, or should be: a run whose results are lost has not succeeded. */
export function statusOnceWritten(status: number, { stderr, signal }: Surroundings): number {
  const problem = status === EXIT.success ? outputProblem(signal) : undefined;
  if (problem === undefined) return status;
  stderr.write(renderError(problem, false));
  return statusOfError(problem);
}

/** The program with the definitions of all its commands, for what is made from them. */
export function wholeProgram(surroundings: Surroundings): Promise<Command> {
  return build([], { ...surroundings, debug: false, status: 0 }, true);
}

async function build(args: readonly string[], context: Context, all: boolean): Promise<Command> {
  const program = new Command('cellarman')
    .description(
      'PostgreSQL backup and point-in-time recovery over plain SFTP, with a file sync engine of its own',
    )
    .version(readVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .commandsGroup(GROUPS.help)
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
  for (const { name, aliases = [], group, summary, load } of COMMANDS) {
    const command = program.command(name).aliases(aliases).description(summary).helpGroup(GROUPS[group]);
    const isNamed = [name, ...aliases].some((word) => args.includes(word));
    // What the definition of another command sets is not this run's.
    if (!isNamed && !all) continue;
    (await load()).define(command, isNamed ? context : { ...context });
    if (group === 'manager') command.addHelpText('after', managerHelp(name));
  }
  return program;
}

/** Python's argparse and so Barman end with 2 for a wrong command line, rsync with 1. */
const statusOfUsage = (entry: CommandEntry | undefined): number | undefined =>
  entry?.group === 'manager' ? EXIT.managerUsage : undefined;

const managerHelp = (name: string): string => `
Options of the backup manager, such as --config, stand before the command: see "cellarman --help".
${managerStatusHelp(name)}`;

function commandOf(args: readonly string[]): CommandEntry | undefined {
  return args
    .map((word) => COMMANDS.find(({ name, aliases = [] }) => name === word || aliases.includes(word)))
    .find((entry) => entry !== undefined);
}

function hint(args: readonly string[]): string {
  const name = commandOf(args)?.name;
  return `cellarman: see "cellarman ${name === undefined ? '' : `${name} `}--help"\n`;
}
