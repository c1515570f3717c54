/**
 * The ini dialect of Barman's configuration, which is Python's `configparser` with `strict=False`:
 *
 *     [section]                 the rest of the line after the last `]` is ignored
 *     key = value               or `key: value`; keys are lower-cased, blanks around both are dropped
 *       more of the value       a line indented deeper than its key goes on with it, joined by a newline
 *     ; comment   # comment     whole lines only: `key = 2 # two` has the value "2 # two"
 *     [DEFAULT]                 its keys hold for every section of the same file
 *
 * A key or section given twice: the last one wins, key by key. Interpolation and quotes are for the reader of a value.
 */
export interface IniValue {
  readonly text: string;
  /** Line of the key, counted from 1. */
  readonly line: number;
}

export interface IniProblem {
  readonly line: number;
  readonly text: string;
  /** The section it stands in, null before the first header. */
  readonly section: string | null;
}

export interface IniFile {
  readonly sections: ReadonlyMap<string, ReadonlyMap<string, IniValue>>;
  readonly defaults: ReadonlyMap<string, IniValue>;
  /** Lines that are neither header, option, continuation nor comment. */
  readonly problems: readonly IniProblem[];
}

interface OpenValue {
  readonly lines: string[];
  readonly line: number;
}

const HEADER = /^\[(.+)\]/;
const OPTION = /^(.*?)\s*[=:]\s*(.*)$/;

const isComment = (line: string): boolean => line.startsWith('#') || line.startsWith(';');

/** Never throws: what it cannot read stands in `problems`. */
export function parseIni(text: string): IniFile {
  const defaults = new Map<string, OpenValue>();
  const sections = new Map<string, Map<string, OpenValue>>();
  const problems: IniProblem[] = [];
  let name: string | null = null;
  let section: Map<string, OpenValue> | undefined;
  let open: OpenValue | undefined;
  let indent = 0;

  for (const [index, raw] of text
    .replace(/^\ufeff/, '')
    .split(/\r\n|\r|\n/)
    .entries()) {
    const line = raw.trim();
    if (isComment(line)) continue;
    if (line === '') {
      open?.lines.push('');
      continue;
    }
    const depth = raw.length - raw.trimStart().length;
    if (open !== undefined && depth > indent) {
      open.lines.push(line);
      continue;
    }
    indent = depth;
    const header = HEADER.exec(line)?.[1];
    if (header !== undefined) {
      name = header;
      section = header === 'DEFAULT' ? defaults : sections.get(header);
      if (section === undefined) {
        section = new Map();
        sections.set(header, section);
      }
      open = undefined;
      continue;
    }
    const [, key = '', value = ''] = OPTION.exec(line) ?? [];
    if (section === undefined || key === '') {
      problems.push({ line: index + 1, text: line, section: name });
      continue;
    }
    open = { lines: [value], line: index + 1 };
    section.set(key.toLowerCase(), open);
  }
  return {
    sections: new Map([...sections].map(([header, values]) => [header, closed(values)])),
    defaults: closed(defaults),
    problems,
  };
}

function closed(values: ReadonlyMap<string, OpenValue>): Map<string, IniValue> {
  return new Map(
    [...values].map(([key, { lines, line }]) => [key, { text: lines.join('\n').trimEnd(), line }]),
  );
}
