import type { Option, OptionTable } from './option.ts';

/** A value as Barman prints it on the console, which is as Python would. */
export function showValue(option: OptionTable[string], value: unknown): string {
  // A value always comes from the option it is shown with.
  return value === null ? 'None' : (option as Option<unknown>).grammar.show(value as NonNullable<unknown>);
}

/** The same for JSON: what JSON has a type for keeps it. */
export function jsonValue(option: OptionTable[string], value: unknown): string | number | boolean | null {
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return value;
  return showValue(option, value);
}
