import type { Argument, Command, Option } from 'commander';

/** What a value on the command line is, as far as a shell can complete it. */
export type ValueKind =
  | { readonly is: 'words'; readonly words: readonly string[] }
  | { readonly is: 'server'; readonly orAll: boolean }
  /** `words` are those that stand for a backup. */
  | { readonly is: 'backup'; readonly words: readonly string[] }
  | { readonly is: 'file' | 'directory' | 'command' | 'free' };

export interface OptionDescription {
  /** As commander has them: `-j, --jobs <n>`. */
  readonly flags: string;
  /** Such as `-j` and `--jobs`. */
  readonly names: readonly string[];
  readonly help: string;
  readonly heading: string | undefined;
  readonly choices: readonly string[];
  readonly defaultValue: string | undefined;
  readonly value: 'none' | 'optional' | 'required';
  readonly kind: ValueKind;
}

export interface ArgumentDescription {
  readonly name: string;
  readonly help: string;
  readonly choices: readonly string[];
  readonly repeats: boolean;
  readonly kind: ValueKind;
}

/** A command, as its help, its manual page and the completion of shells show it. */
export interface CommandDescription {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly summary: string;
  /** The heading under which the help of the program has it. */
  readonly group: string;
  /** What goes behind the command's name; several lines for several forms. */
  readonly usages: readonly string[];
  readonly options: readonly OptionDescription[];
  readonly arguments: readonly ArgumentDescription[];
  /** The text below the options. */
  readonly about: string;
}

export interface ProgramDescription extends CommandDescription {
  readonly commands: readonly CommandDescription[];
}

/** Describes a program whose commands all have their arguments and options; what is hidden is left out. */
export function describeProgram(program: Command): ProgramDescription {
  const commands = program.createHelp().visibleCommands(program);
  return { ...describeCommand(program), commands: commands.map(describeCommand) };
}

function describeCommand(command: Command): CommandDescription {
  const own = command.parent === null ? '' : `${command.parent.name()} ${command.name()} `;
  return {
    name: command.name(),
    aliases: command.aliases(),
    summary: command.description(),
    group: command.helpGroup(),
    usages: command
      .usage()
      .split('\n')
      .map((line) => line.trim().replace(own, '')),
    options: command.createHelp().visibleOptions(command).map(describeOption),
    arguments: command.registeredArguments.map(describeArgument),
    about: textBelow(command),
  };
}

function describeOption(option: Option): OptionDescription {
  const { flags, short, long, description, argChoices = [], defaultValue, helpGroupHeading } = option;
  const names = [short, long].filter((name) => name !== undefined);
  const placeholder = /[<[](.+?)[>\]]/.exec(flags)?.[1] ?? '';
  return {
    flags,
    names,
    help: description,
    heading: helpGroupHeading,
    choices: argChoices,
    // False is what every option without a value is at first.
    defaultValue: typeof defaultValue === 'string' ? defaultValue : undefined,
    value: option.required ? 'required' : option.optional ? 'optional' : 'none',
    kind: argChoices.length > 0 ? { is: 'words', words: argChoices } : kindOf(placeholder, ''),
  };
}

function describeArgument(argument: Argument): ArgumentDescription {
  const { description, argChoices = [], variadic } = argument;
  const name = argument.name();
  return {
    name,
    help: description,
    choices: argChoices,
    repeats: variadic,
    kind: kindOfArgument(name, description, argChoices),
  };
}

function kindOfArgument(name: string, help: string, choices: readonly string[]): ValueKind {
  if (choices.length > 0) return { is: 'words', words: choices };
  return name === 'command' ? { is: 'command' } : kindOf(name, help);
}

const BACKUP_WORDS = ['latest', 'oldest', 'last-full', 'last-failed', 'auto'];

/** By the names that all commands give their values. */
function kindOf(name: string, help: string): ValueKind {
  switch (name) {
    case 'server_name':
      return { is: 'server', orAll: /\ball\b/.test(help) };
    case 'backup_id':
      return { is: 'backup', words: BACKUP_WORDS.filter((word) => help.split(/[^a-z-]+/).includes(word)) };
    case 'file':
    case 'source':
    case 'location':
    case 'operand':
      return { is: 'file' };
    case 'dir':
    case 'directory':
    case 'destination':
      return { is: 'directory' };
    default:
      return { is: 'free' };
  }
}

function textBelow(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (more) => {
      text += more;
    },
  });
  command.outputHelp();
  return text.slice(command.helpInformation().length).trim();
}
