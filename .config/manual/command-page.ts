import type { CommandDescription, OptionDescription, ProgramDescription } from '../../src/cli/description.ts';
import { blocksOf } from './blocks.ts';
import { CONFIGURATION, ENVIRONMENT, FILES } from './places.ts';
import {
  bold,
  head,
  inline,
  italic,
  literal,
  pageOf,
  paragraph,
  section,
  subsection,
  syntax,
  tagged,
} from './roff.ts';

/** The page of one command. */
export function commandPage(
  program: ProgramDescription,
  command: CommandDescription,
  version: string,
): string {
  const { name, aliases, summary, group, options, about } = command;
  const { examples, ...below } = blocksOf(about);
  const page = `${program.name}-${name}`;
  const ofManager = group === 'Backup manager:';
  return pageOf([
    head(page.toUpperCase(), 1, version),
    section('NAME'),
    `${inline(page)} \\- ${inline(summary)}\n`,
    section('SYNOPSIS'),
    ...command.usages.map((usage) => `.PP\n${bold(`${program.name} ${name}`)} ${syntax(usage)}\n`),
    section('DESCRIPTION'),
    paragraph(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`),
    ...below.about.map((block) => (block.startsWith('    ') ? literal(unindented(block)) : paragraph(block))),
    ...(aliases.length === 0 ? [] : [paragraph(`The command may also be called ${aliases.join(', ')}.`)]),
    ...argumentsOf(command),
    ...optionsOf(options),
    ...(examples.length === 0 ? [] : [section('EXAMPLES'), literal(examples)]),
    section('EXIT STATUS'),
    ...below.statusText.map(paragraph),
    ...below.statuses.map(([status, meaning]) => tagged(bold(status), meaning)),
    ...(below.statusText.length + below.statuses.length === 0
      ? [paragraph('0 when everything was done; 1 when the command line is wrong.')]
      : []),
    ...named('ENVIRONMENT', ofManager ? [...CONFIGURATION, ...ENVIRONMENT] : ENVIRONMENT),
    ...named('FILES', ofManager ? [...FILES.manager, ...FILES.hosts] : FILES.hosts),
    seeAlso(program, command),
  ]);
}

/** The page of the program itself. */
export function overviewPage(program: ProgramDescription, version: string): string {
  const groups = [...new Set(program.commands.map(({ group }) => group))];
  return pageOf([
    head('CELLARMAN', 1, version),
    section('NAME'),
    `cellarman \\- ${inline(program.summary)}\n`,
    section('SYNOPSIS'),
    `${bold('cellarman')} [${italic('options')}] ${italic('COMMAND')} ...\n`,
    section('DESCRIPTION'),
    paragraph(
      'Cellarman takes base backups of PostgreSQL servers, archives their WAL and restores them to any moment, with the configuration files and in the catalogue of Barman. It needs nothing but an SFTP account at the other end. Its engine copies file trees as well, and makes snapshots of them.',
    ),
    paragraph('Each command has a page of its own, such as cellarman-backup(1).'),
    section('COMMANDS'),
    ...groups.flatMap((group) => [
      subsection(group.replace(/:$/, '')),
      ...program.commands
        .filter((command) => command.group === group)
        .map(({ name, aliases, summary }) => tagged([name, ...aliases].map(bold).join(', '), `${summary}.`)),
    ]),
    ...optionsOf(program.options),
    section('EXIT STATUS'),
    paragraph('Each page of a command names the statuses it ends with. 0 always says that all was done.'),
    ...named('ENVIRONMENT', [...CONFIGURATION, ...ENVIRONMENT]),
    ...named('FILES', [...FILES.manager, ...FILES.hosts]),
    section('SEE ALSO'),
    references(
      program.commands.map(({ name }) => [`cellarman-${name}`, 1] as const),
      true,
    ),
  ]);
}

function argumentsOf({ arguments: operands }: CommandDescription): string[] {
  const described = operands.filter(({ help }) => help !== '');
  if (described.length === 0) return [];
  return [
    section('ARGUMENTS'),
    ...described.map(({ name, help, repeats, choices }) =>
      tagged(
        `${italic(name.toUpperCase())}${repeats ? ' ...' : ''}`,
        sentence([help, choices.length > 0 && `one of ${choices.join(', ')}`]),
      ),
    ),
  ];
}

function optionsOf(options: readonly OptionDescription[]): string[] {
  const headings = [...new Set(options.map(({ heading }) => heading))];
  return [
    section('OPTIONS'),
    ...headings.flatMap((heading, at) => [
      ...(headings.length > 1
        ? [subsection((heading ?? (at === 0 ? 'General options' : 'Other options')).replace(/:$/, ''))]
        : []),
      ...options
        .filter((option) => option.heading === heading)
        .map(({ flags, help, choices, defaultValue }) =>
          tagged(
            syntax(flags),
            sentence([
              help,
              choices.length > 0 && `one of ${choices.join(', ')}`,
              defaultValue !== undefined && `default: ${defaultValue}`,
            ]),
          ),
        ),
    ]),
  ];
}

const sentence = (parts: readonly (string | false)[]): string =>
  `${parts.filter((part) => part !== false).join('; ')}.`;

function named(title: string, entries: readonly (readonly [name: string, meaning: string])[]): string[] {
  return [section(title), ...entries.map(([name, meaning]) => tagged(bold(name), meaning))];
}

/** The commands that the page speaks of. */
function seeAlso({ commands }: ProgramDescription, { name, group, about }: CommandDescription): string {
  const others = commands.filter((other) => {
    const word = other.name.includes('-') ? other.name : `cellarman ${other.name}`;
    return other.name !== name && new RegExp(`(?<![\\w-])${word}(?![\\w-])`).test(about);
  });
  return `${section('SEE ALSO')}${references(
    [['cellarman', 1], ...others.map((other) => [`cellarman-${other.name}`, 1] as const)],
    group !== 'Trees and snapshots:',
  )}`;
}

function references(
  pages: readonly (readonly [name: string, section: number])[],
  configuration: boolean,
): string {
  const all = [...pages, ...(configuration ? [['cellarman.conf', 5] as const] : [])];
  return `${all.map(([name, number]) => `${bold(name)}(${number})`).join(',\n')}\n`;
}

const unindented = (block: string): string[] => block.split('\n').map((line) => line.replace(/^ {4}/, ''));
