import { failure } from '../../system/errors.ts';
import type { Rule } from './rules.ts';

/** The text of one rule, in bytes, and where it stands, for messages. */
export interface RuleText {
  readonly text: string;
  readonly where: string;
  /** Then it is not repeated in messages: whoever names a wrong file should not have it shown. */
  readonly fromFile: boolean;
}

/** What the place of a rule gives to it: the command line, or the merge rule that named its file. */
export interface Container {
  /** Which prefixes a rule has: all of them, only `+ `, `- ` and `!` (--exclude, --include), or none. */
  readonly prefixes: 'all' | 'old' | 'none';
  /** What a rule without prefix is. */
  readonly include: boolean;
  readonly side: Rule['side'];
  readonly perishable: boolean;
  /** Rules end at white space, not at the end of the line. */
  readonly words: boolean;
}

export type ParsedRule =
  | { readonly kind: 'nothing' | 'clear' }
  | ({ readonly kind: 'rule'; readonly pattern: string } & Omit<Rule, 'matches'>)
  | {
      readonly kind: 'merge';
      readonly file: string;
      readonly excludeSelf: boolean;
      readonly container: Container;
    };

const LETTERS: Readonly<Record<string, string>> = {
  clear: '!',
  'dir-merge': ':',
  exclude: '-',
  hide: 'H',
  include: '+',
  merge: '.',
  protect: 'P',
  risk: 'R',
  show: 'S',
};

// One space or underscore ends the modifiers. A comma comes before those of a long name, and may before the others.
const LONG =
  /^(clear|dir-merge|exclude|hide|include|merge|protect|risk|show)(?:,([^ _]*)|(?=[ _]|$))[ _]?(.*)$/s;
const SHORT = /^(.),?([^ _]*)[ _]?(.*)$/s;

const SIDES: Readonly<Record<string, Rule['side']>> = {
  H: 'sender',
  S: 'sender',
  P: 'receiver',
  R: 'receiver',
};

/** Understands one rule. @throws CellarmanError USAGE */
export function parseRule(source: RuleText, container: Container): ParsedRule {
  const { text } = source;
  if (container.prefixes === 'none') return plain(text, container);
  if (container.prefixes === 'old') {
    if (text === '!') return { kind: 'clear' };
    const prefix = /^[-+] /.exec(text)?.[0];
    if (prefix === undefined) return plain(text, container);
    if (text === prefix) throw refusal(source, 'the pattern is missing');
    return plain(text.slice(2), { ...container, include: prefix === '+ ' });
  }
  if (text === '') return { kind: 'nothing' };
  return prefixed(source, container);
}

function plain(pattern: string, { include, side, perishable }: Container): ParsedRule {
  if (pattern === '') return { kind: 'nothing' };
  return { kind: 'rule', pattern, include, side, perishable, negated: false };
}

function prefixed(source: RuleText, container: Container): ParsedRule {
  const [, name = '', modifiers = '', rest = ''] = LONG.exec(source.text) ?? SHORT.exec(source.text) ?? [];
  const letter = LETTERS[name] ?? name;
  if (letter === '!') {
    if (modifiers + rest !== '') throw refusal(source, 'nothing can follow the rule that clears the list');
    return { kind: 'clear' };
  }
  if (letter === ':')
    throw refusal(
      source,
      'rules in files of each directory (dir-merge) are not read: use a merge rule (.) or rules with a path',
    );
  if (!/^[-+.HSPR]$/.test(letter))
    throw refusal(source, 'this is not a filter rule; one begins with - + . ! H S P or R');
  checkModifiers(source, letter, modifiers);
  if (rest === '') throw refusal(source, letter === '.' ? 'the file is missing' : 'the pattern is missing');

  const side = sideOf(source, letter, modifiers, container);
  const perishable = container.perishable || modifiers.includes('p');
  if (letter !== '.') {
    const include = /[+SR]/.test(letter);
    return { kind: 'rule', pattern: rest, include, side, perishable, negated: modifiers.includes('!') };
  }
  const only = /[-+]/.exec(modifiers)?.[0];
  return {
    kind: 'merge',
    file: rest,
    excludeSelf: modifiers.includes('e'),
    container: {
      prefixes: only ? 'none' : 'all',
      include: only === '+',
      side,
      perishable,
      words: modifiers.includes('w'),
    },
  };
}

function checkModifiers(source: RuleText, letter: string, modifiers: string): void {
  const allowed = letter === '.' ? 'prsenw-+' : letter in SIDES ? '!p' : '!prs';
  for (const modifier of modifiers) {
    if (modifier === '/')
      throw refusal(
        source,
        'the modifier / is not known here: a pattern that begins with / is anchored at the root of the transfer',
      );
    if (modifier === 'C')
      throw refusal(source, 'the modifier C is not known here: name the patterns themselves');
    if (modifier === 'x')
      throw refusal(source, 'the modifier x is not known here: extended attributes are not copied');
    if (!allowed.includes(modifier))
      throw refusal(source, 'a modifier is wrong or the space before the pattern is missing');
  }
  if (/[-+].*[-+]/.test(modifiers)) throw refusal(source, 'one of the modifiers - and + is enough');
}

function sideOf(source: RuleText, letter: string, modifiers: string, container: Container): Rule['side'] {
  const sender = modifiers.includes('s');
  const receiver = modifiers.includes('r');
  const named = SIDES[letter] ?? (sender === receiver ? 'both' : sender ? 'sender' : 'receiver');
  if (container.side === 'both') return named;
  if (named !== 'both' || sender)
    throw refusal(source, 'the merge rule that reads this file has named the side already');
  return container.side;
}

function refusal(source: RuleText, detail: string): Error {
  return failure('USAGE', { detail: `${source.where}: ${detail}` });
}
