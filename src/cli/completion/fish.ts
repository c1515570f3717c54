import type { CommandDescription, ProgramDescription, ValueKind } from '../description.ts';
import { quoteForFish as quote } from './quote.ts';

/** The script for fish, which quotes the names of servers and backups itself. */
export function fishCompletion(program: ProgramDescription): string {
  const { commands } = program;
  const everywhere = [{ ...program, name: '', aliases: [], arguments: [] }, ...commands];
  return `# Completes command lines of cellarman in fish. Made by: cellarman completion fish

# Whether an option of a command ('' is the program itself) takes the next word as its value.
function __cellarman_takes_value
    switch "$argv[1] $argv[2]"
        case ${everywhere.flatMap(optionsWithValue).map(quote).join(' ')}
            return 0
    end
    return 1
end

# Prints the configuration file, the command and its operands before the cursor; empty lines for the first two if absent.
function __cellarman_scan
    set -l config ''
    set -l command ''
    set -l operands
    set -l pending ''
    set -l ended 0
    set -l tokens (commandline -opc)
    set -e tokens[1]
    for word in $tokens
        if test -n "$pending"
            if test -z "$command"; and contains -- "$pending" -c --config
                set config "$word"
            end
            set pending ''
        else if test $ended = 0; and test "$word" = --
            set ended 1
        else if test $ended = 0; and string match -qr -- '^-.' "$word"
            if test -z "$command"; and string match -q -- '--config=*' "$word"
                set config (string replace -- --config= '' "$word")
            else if __cellarman_takes_value "$command" "$word"
                set pending "$word"
            end
        else if test -z "$command"
            set command "$word"
        else
            set -a operands "$word"
        end
    end
    printf '%s\\n' "$config" "$command" $operands
end

# Whether the cursor is behind one of these commands.
function __cellarman_in
    set -l scanned (__cellarman_scan)
    contains -- "$scanned[2]" $argv
end

# The same, and at operand NUMBER, or at it or a later one for NUMBER+.
function __cellarman_at
    set -l scanned (__cellarman_scan)
    contains -- "$scanned[2]" $argv[2..-1]; or return 1
    set -l at (math (count $scanned) - 1)
    if string match -q -- '*+' $argv[1]
        test $at -ge (string replace -- + '' $argv[1])
    else
        test $at -eq $argv[1]
    end
end

function __cellarman_ask
    set -l config (__cellarman_scan)[1]
    set -l flags --log-level CRITICAL
    if test -n "$config"
        set -a flags -c (string replace -r -- '^~/' "$HOME/" "$config")
    end
    command cellarman $flags $argv 2>/dev/null </dev/null
end

function __cellarman_backups
    set -l scanned (__cellarman_scan)
    __cellarman_ask list-backups --minimal -- "$scanned[3]"
end

complete -c cellarman -f
${everywhere.flatMap(linesOf).join('\n')}
${linesOfCommands(`__cellarman_in ''`, commands).join('\n')}
${linesOfCommands('__cellarman_at 1 help', commands).join('\n')}
`;
}

function optionsWithValue({ name, aliases, options }: CommandDescription): string[] {
  const flags = options.filter(({ value }) => value !== 'none').flatMap(({ names }) => names);
  return [name, ...aliases].flatMap((word) => flags.map((flag) => `${word} ${flag}`));
}

const linesOfCommands = (condition: string, commands: readonly CommandDescription[]): string[] =>
  commands.flatMap(({ name, aliases, summary }) =>
    [name, ...aliases].map((word) => line(condition, [`-a ${word}`, `-d ${quote(summary)}`])),
  );

function linesOf({ name, aliases, options, arguments: operands }: CommandDescription): string[] {
  const here = [name, ...aliases].map(quote).join(' ');
  const ofOptions = options.map(({ names, help, value, kind }) => {
    const flags = names.map((flag) =>
      flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
    );
    const taken = value === 'none' ? [] : candidates(kind);
    return line(`__cellarman_in ${here}`, [...flags, ...taken, `-d ${quote(help)}`]);
  });
  const ofOperands = operands.flatMap(({ kind, repeats }, at) => {
    if (kind.is === 'free' || kind.is === 'command') return [];
    const words = candidates(kind).filter((word) => word !== '-x' && word !== '-r');
    return line(`__cellarman_at ${at + 1}${repeats ? '+' : ''} ${here}`, words);
  });
  return [...ofOptions, ...ofOperands];
}

const line = (condition: string, words: readonly string[]): string =>
  `complete -c cellarman -n ${quote(condition)} ${words.join(' ')}`;

/** The value of an option: -x is one that is no file. */
function candidates(kind: ValueKind): string[] {
  switch (kind.is) {
    case 'words':
      return ['-x', `-a ${quote(kind.words.join(' '))}`];
    case 'server':
      return ['-x', `-a ${quote(`(__cellarman_ask list-servers --minimal)${kind.orAll ? ' all' : ''}`)}`];
    case 'backup':
      return ['-x', '-k', `-a ${quote(`${kind.words.join(' ')} (__cellarman_backups)`)}`];
    case 'file':
      return ['-r', '-F'];
    case 'directory':
      return ['-x', `-a ${quote('(__fish_complete_directories (commandline -ct))')}`];
    default:
      return ['-x'];
  }
}
