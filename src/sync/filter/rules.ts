import type { RelPath } from '../entry.ts';
import type { Matcher } from './pattern.ts';

/** One filter rule, ready to be tried. */
export interface Rule {
  /** Include, show and risk rules let a path through; exclude, hide and protect rules keep it out. */
  readonly include: boolean;
  /** Where it counts: for what is sent, for what is deleted, or for both. */
  readonly side: 'sender' | 'receiver' | 'both';
  /** Does not count inside a directory that is being deleted. */
  readonly perishable: boolean;
  /** Matches whatever its pattern does not. */
  readonly negated: boolean;
  readonly matches: Matcher;
}

/** The rule that decides about a path, if there is one. */
export function firstMatch(rules: readonly Rule[], path: RelPath, directory: boolean): Rule | undefined {
  for (const rule of rules) if (rule.matches(path, directory) !== rule.negated) return rule;
  return undefined;
}
