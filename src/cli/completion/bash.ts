import type { CommandDescription, ProgramDescription, ValueKind } from '../description.ts';
import { quote } from './quote.ts';

/**
 * The script for bash. Names of servers and backups are read line by line and quoted one by one: `compgen -W` would
 * expand what stands in them.
 */
export function bashCompletion(program: ProgramDescription): string {
  const names = program.commands.flatMap(({ name, aliases }) => [name, ...aliases]);
  return `# Completes command lines of cellarman in bash. Made by: cellarman completion bash

# The options (with what their value is) and operands of a command; '' is the program itself.
_cellarman_describe() {
  options= operands=
  case $1 in
${[{ ...program, name: '', aliases: [] }, ...program.commands].map(tableRow).join('\n')}
  esac
}

# Takes the quotes of the command line off a word, without evaluating it.
_cellarman_plain() {
  plain=\${1//[\\\\\\"\\']/}
  [[ $1 == '~/'* ]] && plain=$HOME/\${plain:2}
  return 0
}

_cellarman_offer() {
  local candidate quoted
  for candidate; do
    [[ -n $candidate && $candidate == "$plain"* ]] || continue
    printf -v quoted %q "$candidate"
    # Behind an open quote a name would need other quotes.
    [[ $current == [\\"\\']* && $candidate != "$quoted" ]] && continue
    COMPREPLY+=("$before$quoted")
  done
}

_cellarman_ask() {
  local line
  while IFS= read -r line; do _cellarman_offer "$line"; done \\
    < <(command cellarman --log-level CRITICAL "\${config[@]}" "$@" 2>/dev/null </dev/null)
}

# Offers what a value may be.
_cellarman_complete() {
  local IFS=,
  case $1 in
    words:*) _cellarman_offer \${1#*:} ;;
    command) _cellarman_offer ${names.join(' ')} ;;
    server | server:all)
      _cellarman_ask list-servers --minimal
      [[ $1 == *:all ]] && _cellarman_offer all ;;
    backup:*)
      _cellarman_offer \${1#*:}
      _cellarman_ask list-backups --minimal -- "$server" ;;
    file) compopt -o default 2>/dev/null ;;
    directory) compopt -o dirnames 2>/dev/null ;;
  esac
  return 0
}

# What the value of an option is: "kind", empty for an option without one.
_cellarman_kind() {
  local entry
  kind=
  for entry in $options; do [[ $entry == "$1="* ]] && kind=\${entry#*=}; done
  return 0
}

_cellarman() {
  local IFS=$' \\t\\n' plain options operands kind= option= command= server= current before= ended= word number=0 last=-1 at
  local -a words=() config=() places=()
  COMPREPLY=()
  # Bash splits at "=": what is one word is joined again.
  for ((at = 1; at <= COMP_CWORD; at++)); do
    word=\${COMP_WORDS[at]}
    if ((last >= 0)) && [[ \${words[last]} == --* && ($word == = || (\${words[last]} == *= && \${COMP_WORDS[at - 1]} == =)) ]]
    then words[last]+=$word
    else words[++last]=$word
    fi
  done
  current=\${words[last]}
  _cellarman_describe ''
  for ((at = 0; at < last; at++)); do
    word=\${words[at]}
    if [[ -n $kind ]]; then
      _cellarman_plain "$word"
      [[ -z $command && ($option == -c || $option == --config) ]] && config=(-c "$plain")
      kind=
    elif [[ -z $ended && $word == -- ]]; then ended=1
    elif [[ -z $ended && $word == -?* ]]; then
      option=$word
      _cellarman_kind "$option"
      if [[ -z $command && $word == --config=* ]]; then
        _cellarman_plain "\${word#*=}"
        config=(-c "$plain")
      fi
    elif [[ -z $command ]]; then
      command=$word
      _cellarman_describe "$command"
    else
      ((number++ == 0)) && { _cellarman_plain "$word"; server=$plain; }
    fi
  done

  if [[ -z $kind && -z $ended && $current == --*=* ]]; then
    _cellarman_kind "\${current%%=*}"
    [[ \${COMP_WORDS[COMP_CWORD]} == --*=* ]] && before=\${current%%=*}=
    current=\${current#*=}
    _cellarman_plain "$current"
    _cellarman_complete "$kind"
    return
  fi
  _cellarman_plain "$current"
  if [[ -n $kind ]]; then _cellarman_complete "$kind"
  elif [[ -z $ended && $current == -* ]]; then
    for word in $options; do _cellarman_offer "\${word%%=*}"; done
  else
    places=($operands)
    ((last = \${#places[@]} - 1))
    ((last > 0)) && [[ \${places[last]} == ... ]] && ((number >= last)) && number=$((last - 1))
    _cellarman_complete "\${places[number]}"
  fi
}

complete -F _cellarman cellarman
`;
}

function tableRow({ name, aliases, options, arguments: operands }: CommandDescription): string {
  const words = options.flatMap((option) =>
    option.names.map((flag) => (option.value === 'none' ? flag : `${flag}=${kindWord(option.kind)}`)),
  );
  const places =
    name === ''
      ? ['command']
      : operands.flatMap(({ kind, repeats }) => [kindWord(kind), ...(repeats ? ['...'] : [])]);
  const patterns = name === '' ? "''" : [name, ...aliases].join(' | ');
  return `    ${patterns}) options=${quote(words.join(' '))} operands=${quote(places.join(' '))} ;;`;
}

function kindWord(kind: ValueKind): string {
  switch (kind.is) {
    case 'words':
    case 'backup':
      return `${kind.is}:${kind.words.join(',')}`;
    case 'server':
      return kind.orAll ? 'server:all' : 'server';
    default:
      return kind.is;
  }
}
