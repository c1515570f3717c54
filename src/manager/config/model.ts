import type { ModelConfig } from './configuration.ts';
import { boolean } from './grammar.ts';
import { SERVER_OPTIONS } from './options.ts';
import { resolve, type ValueSource } from './resolve.ts';
import type { Section } from './settings.ts';
import { showValue } from './show.ts';
import { unquote } from './value-text.ts';

export interface Models {
  readonly models: ReadonlyMap<string, ModelConfig>;
  /** The sections that are models, whether good ones or not. */
  readonly sections: ReadonlyMap<string, Section>;
  readonly warnings: readonly string[];
}

/** A section with `model = true` is no server but a set of options for those of its cluster. */
export function readModels(sections: ReadonlyMap<string, Section>): Models {
  const models = new Map<string, ModelConfig>();
  const modelSections = new Map<string, Section>();
  const warnings: string[] = [];
  for (const [name, section] of sections) {
    const declared = section.get('model');
    if (declared === undefined || boolean.parse(unquote(declared.text)) !== true) continue;
    modelSections.set(name, section);
    const cluster = unquote(section.get('cluster')?.text ?? '');
    if (cluster === '') {
      warnings.push(
        `Parameter "cluster" is required in [${name}] section (${declared.file}:${declared.line}): the model is ignored`,
      );
      continue;
    }
    models.set(name, { name, cluster, sets: settingsOf(name, section) });
  }
  return { models, sections: modelSections, warnings };
}

function settingsOf(name: string, settings: Section): ModelConfig['sets'] {
  const { values, sources } = resolve(SERVER_OPTIONS, [{ name, settings, holds: ({ model }) => model }], {
    name,
    barman_home: '',
  });
  const sets = new Map<string, { readonly shown: string; readonly source: ValueSource }>();
  const byKey: Readonly<Record<string, unknown>> = values;
  for (const [key, option] of Object.entries(SERVER_OPTIONS)) {
    const source = sources.get(key);
    if (source === undefined || source === 'default') continue;
    sets.set(key, { shown: showValue(option, byKey[key]), source });
  }
  return sets;
}
