import { type Command, Option } from 'commander';
import { failure } from '../system/errors.ts';

/** One option of a command: how it is written, its help, and what it does to what the command line says so far. */
export interface OptionRow<Draft> {
  /** As commander has it: `-j, --jobs <n>`. */
  readonly flags: string;
  /** Undefined keeps it out of the help. */
  readonly help?: string;
  /** The heading under which the help has it. */
  readonly heading?: string;
  /** The words its value is one of, for the help; `apply` refuses others. */
  readonly choices?: readonly string[];
  /** `value` is empty for an option without one. */
  readonly apply: (draft: Draft, value: string) => void;
}

/** Gives a command its options. They act on the draft one by one in the order of the command line: later ones win. */
export function declareOptions<Draft>(
  command: Command,
  rows: readonly OptionRow<Draft>[],
  draft: Draft,
): void {
  for (const { flags, help, heading, choices, apply } of rows) {
    const option = new Option(flags, help).hideHelp(help === undefined);
    if (heading !== undefined) option.helpGroup(heading);
    if (choices !== undefined) option.argChoices = [...choices];
    command.addOption(option);
    command.on(`option:${option.name()}`, (value?: string) => apply(draft, value ?? ''));
  }
}

/** Puts options under a heading of the help. */
export function under<Draft>(heading: string, rows: readonly OptionRow<Draft>[]): OptionRow<Draft>[] {
  return rows.map((row) => ({ ...row, heading }));
}

/** The value of an option that takes a whole number. @throws CellarmanError USAGE */
export function wholeNumber(option: string, value: string, least: number): number {
  const result = /^-?\d+$/.test(value) ? Number(value) : Number.NaN;
  if (Number.isSafeInteger(result) && result >= least) return result;
  throw failure('USAGE', { detail: `${option}=${value}: a whole number, ${least} or greater, is needed` });
}

/** `-j, --jobs <n>` is called `--jobs`. */
export function longName(flags: string): string {
  return /--[a-z0-9-]+/.exec(flags)?.[0] ?? flags;
}
