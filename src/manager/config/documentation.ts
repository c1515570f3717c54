import type { OptionTable } from './option.ts';
import { GLOBAL_OPTIONS, OWN_OPTIONS, SERVER_OPTIONS } from './options.ts';
import { showValue } from './show.ts';

/** The reference of all options as Markdown tables, made from the table that reads them. */
export function documentOptions(): string {
  return [
    '## Options of `[barman]`',
    section(GLOBAL_OPTIONS),
    '## Options of a server',
    'Those marked G may stand in `[barman]` for all servers, those marked M in a model.',
    section(SERVER_OPTIONS),
    '## Options in `cellarman.d/*.conf`',
    'In a section of the server’s name, or in `[cellarman]` for all servers.',
    section(OWN_OPTIONS),
    '',
  ].join('\n\n');
}

function section(table: OptionTable): string {
  const rows = Object.entries(table)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, option]) => {
      const marks = `${option.scope === 'both' ? 'G' : ''}${option.model ? 'M' : ''}`;
      const standard = option.template ?? showValue(option, option.fallback);
      const cells = [`\`${key}\``, marks, option.grammar.allowed, `\`${standard}\``, option.about];
      return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
    });
  return ['| option | | allowed | default | meaning |', '|---|---|---|---|---|', ...rows].join('\n');
}
