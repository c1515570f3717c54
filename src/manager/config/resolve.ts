import type { Grammar } from './grammar.ts';
import { InterpolationError, interpolate } from './interpolation.ts';
import type { Option, OptionTable, ValuesOf } from './option.ts';
import type { Section, Setting } from './settings.ts';
import { unquote, withoutNone } from './value-text.ts';
import { badValue, type ConfigWarning } from './warning.ts';

/** Where a value stands; the own section goes before `[barman]`. */
export interface Layer {
  readonly name: string;
  readonly settings: Section;
  readonly holds: (option: Option<unknown>) => boolean;
}

export type ValueSource = Setting | 'default';

export interface Resolved<T extends OptionTable> {
  readonly values: ValuesOf<T>;
  readonly sources: ReadonlyMap<string, ValueSource>;
  readonly warnings: readonly ConfigWarning[];
}

type Outcome = { readonly value: unknown; readonly source: ValueSource };

/**
 * Finds the value of every option of a table: the first layer with a good value, else the default.
 *
 * @param known values from outside the table that templates and `%(…)s` may name.
 */
export function resolve<T extends OptionTable>(
  table: T,
  layers: readonly Layer[],
  known: Readonly<Record<string, string>>,
): Resolved<T> {
  const outcomes = new Map<string, Outcome>();
  const warnings: ConfigWarning[] = [];
  const underWay = new Set<string>();

  const settled = (key: string): unknown => known[key] ?? outcome(key).value;

  /** What `%(key)s` stands for: a line, or the default of a key that has none. */
  const lookup = (key: string): string | undefined => {
    const setting = layers.map(({ settings }) => settings.get(key)).find((found) => found !== undefined);
    if (setting !== undefined) return unquote(setting.text);
    if (known[key] === undefined && table[key] === undefined) return undefined;
    const value = settled(key);
    return typeof value === 'string' ? value.replaceAll('%', '%%') : undefined;
  };

  const outcome = (key: string): Outcome => {
    const done = outcomes.get(key);
    if (done !== undefined) return done;
    if (underWay.has(key)) throw new InterpolationError('its references lead in a circle');
    underWay.add(key);
    const option = table[key];
    if (option === undefined) throw new InterpolationError(`"${key}" is no option`);
    try {
      const found = fromLayers(key, option) ?? { value: fallback(option), source: 'default' as const };
      outcomes.set(key, found);
      return found;
    } finally {
      underWay.delete(key);
    }
  };

  const fallback = (option: Option<unknown>): unknown => {
    if (option.template === undefined) return option.fallback;
    let incomplete = false;
    const text = option.template.replace(/<([^>]+)>/g, (_all, key: string) => {
      const value = settled(key);
      incomplete ||= typeof value !== 'string';
      return String(value);
    });
    return incomplete ? null : text;
  };

  const fromLayers = (key: string, option: Option<unknown>): Outcome | undefined => {
    const grammar: Grammar<unknown> = option.grammar;
    const blank = option.fallback === null && option.template === undefined;
    for (const { name, settings, holds } of layers) {
      const setting = settings.get(key);
      if (setting === undefined || !holds(option)) continue;
      try {
        const text = withoutNone(unquote(interpolate(setting.text, lookup)));
        if (text === '' && grammar.empty === 'inherit') continue;
        if (text === '' && grammar.empty === 'unset') {
          return blank ? { value: null, source: setting } : undefined;
        }
        const value = text === '' ? undefined : grammar.parse(text);
        if (value !== undefined) return { value, source: setting };
        warnings.push(badValue(setting, name, key, text, `allowed is ${grammar.allowed}`));
      } catch (error) {
        if (!(error instanceof InterpolationError)) throw error;
        warnings.push(badValue(setting, name, key, setting.text, error.message));
      }
      if (option.unsetWhenBad) return { value: option.fallback, source: setting };
    }
    return undefined;
  };

  const values = Object.fromEntries(Object.keys(table).map((key) => [key, outcome(key).value]));
  return {
    // Each value comes from the grammar or the fallback of the option with that key.
    values: values as ValuesOf<T>,
    sources: new Map([...outcomes].map(([key, { source }]) => [key, source])),
    warnings,
  };
}
