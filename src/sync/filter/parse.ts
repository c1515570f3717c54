import { byteString, fromText } from '../../system/byte-string.ts';
import { failure } from '../../system/errors.ts';
import { compilePattern } from './pattern.ts';
import { readRuleFile } from './rule-file.ts';
import { type Container, parseRule, type RuleText } from './rule-syntax.ts';
import type { Rule } from './rules.ts';

/** One of the command line's filter options, by the option's name, with its argument. */
export interface FilterSource {
  readonly option: 'filter' | 'include' | 'exclude' | 'include-from' | 'exclude-from';
  readonly value: string;
}

export interface FilterOptions {
  /** `--delete-excluded`: rules that name no side count for the sender alone. */
  readonly deleteExcluded?: boolean;
}

const COMMAND_LINE: Container = {
  prefixes: 'all',
  include: false,
  side: 'both',
  perishable: false,
  words: false,
};

/** The rules in force, in order, after all merges and clearings. */
export function parseRules(sources: readonly FilterSource[], options: FilterOptions): Rule[] {
  const unsided = options.deleteExcluded ? 'sender' : 'both';
  const rules: Rule[] = [];

  const add = (text: RuleText, container: Container, files: readonly string[]): void => {
    const parsed = parseRule(text, container);
    if (parsed.kind === 'clear') rules.length = 0;
    else if (parsed.kind === 'merge') {
      if (parsed.excludeSelf) {
        const name = parsed.file.slice(parsed.file.lastIndexOf('/') + 1);
        addRule({ include: false, side: 'both', perishable: false, negated: false }, name);
      }
      addFile(parsed.file, text, parsed.container, files);
    } else if (parsed.kind === 'rule') addRule(parsed, parsed.pattern);
  };

  const addRule = (rule: Omit<Rule, 'matches'>, pattern: string): void => {
    const side = rule.side === 'both' ? unsided : rule.side;
    const { include, perishable, negated } = rule;
    rules.push({ include, side, perishable, negated, matches: compilePattern(byteString(pattern)) });
  };

  const addFile = (file: string, namedBy: RuleText, container: Container, files: readonly string[]): void => {
    if (files.includes(file))
      throw failure('USAGE', { detail: `${namedBy.where} merges its own file again` });
    // A file's content is not shown, not even the name of a file that it holds.
    const shown = namedBy.fromFile ? `the file named in ${namedBy.where}` : undefined;
    for (const text of readRuleFile(byteString(file), shown, container.words))
      add(text, container, [...files, file]);
  };

  for (const { option, value } of sources) {
    const text = { text: fromText(value), where: `--${option}=${value}`, fromFile: false };
    const old: Container = { ...COMMAND_LINE, prefixes: 'old', include: option.startsWith('include') };
    if (option === 'filter') add(text, COMMAND_LINE, []);
    else if (option === 'include' || option === 'exclude') add(text, old, []);
    else addFile(text.text, text, old, []);
  }
  return rules;
}
