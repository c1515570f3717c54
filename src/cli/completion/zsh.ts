import type { CommandDescription, OptionDescription, ProgramDescription, ValueKind } from '../description.ts';
import { quote } from './quote.ts';

/** The script for zsh. `compadd` quotes the names of servers and backups itself. */
export function zshCompletion(program: ProgramDescription): string {
  const { commands } = program;
  return `#compdef cellarman
# Completes command lines of cellarman in zsh. Made by: cellarman completion zsh

# The lines that cellarman prints, in "names".
_cellarman_ask() {
  names=("\${(@f)$(command cellarman --log-level CRITICAL $config "$@" 2>/dev/null </dev/null)}")
  names=(\${names:#})
}

# Other words that stand for servers are its arguments.
_cellarman_servers() {
  local -a names expl
  _cellarman_ask list-servers --minimal
  names+=("$@")
  _wanted servers expl server compadd -a - names
}

# The words that stand for a backup are its arguments.
_cellarman_backups() {
  local -a names expl
  _cellarman_ask list-backups --minimal -- "\${(Q)line[1]}"
  names=("$@" $names)
  _wanted -V backups expl backup compadd -a - names
}

_cellarman_commands() {
  local -a names
  names=(
${commands.flatMap(({ name, aliases, summary }) => [name, ...aliases].map((word) => `    ${quote(`${word}:${summary}`)}`)).join('\n')}
  )
  _describe -t commands command names
}

_cellarman() {
  local curcontext=$curcontext context state state_descr line file ret=1
  local -a config
  typeset -A opt_args
  _arguments -C -s -S \\
${program.options.flatMap((option) => specsOf(option, '')).join('')}    '1: : _cellarman_commands' \\
    '*:: :->operands' && ret=0
  [[ $state == operands ]] || return ret
  file=\${(Q)\${opt_args[-c]:-\${opt_args[--config]}}}
  [[ -n $file ]] && config=(-c "\${file/#\\~\\//$HOME/}")
  case $words[1] in
${commands.map(caseOf).join('')}  esac
  return ret
}

if [[ \${funcstack[1]} == _cellarman ]]; then
  # Loaded from a directory of fpath.
  _cellarman "$@"
else
  compdef _cellarman cellarman
fi
`;
}

function caseOf({ name, aliases, options, arguments: operands }: CommandDescription): string {
  const specs = [
    ...options.flatMap((option) => specsOf(option, '*')),
    ...operands.map(({ name: message, repeats, kind }) =>
      spec(`${repeats ? '*' : ''}:${plain(message)}:${actionOf(kind)}`),
    ),
  ];
  // The last backslash would join the next line.
  const lines = specs.join('').replace(/ \\\n$/, ' && ret=0\n');
  return `    ${[name, ...aliases].join('|')})\n      _arguments -s -S \\\n${lines}      ;;\n`;
}

/** `repeat` is `*` for options that may stand more than once. */
function specsOf({ names, help, value, flags, kind }: OptionDescription, repeat: '' | '*'): string[] {
  const placeholder = /[<[](.+?)[>\]]/.exec(flags)?.[1] ?? '';
  return names.map((name) => {
    const described = `[${help.replace(/[[\]\\]/g, '\\$&')}]`;
    if (value === 'none') return spec(`${repeat}${name}${described}`);
    const joint = name.startsWith('--') ? '=' : '+';
    const colon = value === 'optional' ? '::' : ':';
    return spec(`${repeat}${name}${joint}${described}${colon}${plain(placeholder)}:${actionOf(kind)}`);
  });
}

const spec = (text: string): string => `    ${quote(text)} \\\n`;

const plain = (text: string): string => text.replaceAll(':', '\\:');

function actionOf(kind: ValueKind): string {
  switch (kind.is) {
    case 'words':
      return `(${kind.words.join(' ')})`;
    case 'server':
      return kind.orAll ? ' _cellarman_servers all' : ' _cellarman_servers';
    case 'backup':
      return ` _cellarman_backups ${kind.words.join(' ')}`;
    case 'file':
      return '_files';
    case 'directory':
      return '_files -/';
    case 'command':
      return ' _cellarman_commands';
    case 'free':
      return ' ';
  }
}
