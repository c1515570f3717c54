import type { Grammar } from './grammar.ts';

/** Where a key may stand: `[barman]` only, a server's section only, or both, the server's own value going first. */
export type Scope = 'global' | 'server' | 'both';

/** One line of the table of options. */
export interface Option<T> {
  readonly scope: Scope;
  readonly grammar: Grammar<NonNullable<T>>;
  /** The value without any line in a file. */
  readonly fallback: T;
  /** In its place, a text with `<key>` for the value of another option; null when that one is null. */
  readonly template?: string;
  /** Whether a model may set it. Directories and scripts belong to the server itself. */
  readonly model: boolean;
  /** A bad value leaves the option unset, also when `[barman]` has a good one: for what deletes data. */
  readonly unsetWhenBad?: true;
  readonly about: string;
}

// biome-ignore lint/suspicious/noExplicitAny: any value type fits into a table of options of many.
export type OptionTable = Readonly<Record<string, Option<any>>>;

/** The typed values of a table. */
export type ValuesOf<T extends OptionTable> = {
  readonly [K in keyof T]: T[K] extends Option<infer V> ? V : never;
};

export function option<T>(scope: Scope, grammar: Grammar<T>, fallback: NoInfer<T>, about: string): Option<T> {
  // A grammar never yields null; NonNullable says so for the optional ones.
  return { scope, grammar: grammar as Grammar<NonNullable<T>>, fallback, model: scope !== 'global', about };
}

export function optional<T>(scope: Scope, grammar: Grammar<T>, about: string): Option<T | null> {
  return {
    scope,
    grammar: grammar as Grammar<NonNullable<T>>,
    fallback: null,
    model: scope !== 'global',
    about,
  };
}

/** An option whose default is made of other options. */
export function derived(
  scope: Scope,
  grammar: Grammar<string>,
  template: string,
  about: string,
): Option<string> {
  return { scope, grammar, fallback: '', template, model: false, about };
}
