import { failure } from '../../system/errors.ts';
import type { Configuration } from './configuration.ts';
import type { ConfigFile } from './files.ts';
import type { OptionTable } from './option.ts';
import { SERVER_OPTIONS } from './options.ts';

/**
 * Changes as Barman keeps them in `config_changes_queue` until they are written: JSON, an array of these.
 */
export interface SectionChanges {
  readonly section: string;
  readonly changes_set: readonly {
    readonly key: string;
    readonly value: string;
    /** The file that gets the line. */
    readonly config_file: string;
  }[];
}

/**
 * What the argument of `config-update` asks for: an array of objects, each with `scope` (`server` or `model`),
 * `server_name` or `model_name`, and options.
 *
 * @param files all files of the configuration; a key is changed in the last one that sets it, new ones go to `fallback`
 * @throws USAGE
 */
export function planChanges(
  json: string,
  { servers, models }: Pick<Configuration, 'servers' | 'models'>,
  files: readonly ConfigFile[],
  fallback: string,
): SectionChanges[] {
  return requested(json).map(({ scope, section, values }) => {
    if (scope === 'server' ? models.has(section) : servers.has(section)) {
      throw wrong(`'${section}' is the name of a ${scope === 'server' ? 'model' : 'server'}`);
    }
    if (scope === 'model') {
      values.set('model', 'true');
      if (!models.has(section) && !values.has('cluster')) throw wrong(`model '${section}' needs a cluster`);
    }
    const definedIn = (key: string): string =>
      files.findLast(({ ini }) => ini.sections.get(section)?.has(key) === true)?.path ?? fallback;
    return {
      section,
      changes_set: [...values].map(([key, value]) => ({ key, value, config_file: definedIn(key) })),
    };
  });
}

interface Request {
  readonly scope: 'server' | 'model';
  readonly section: string;
  readonly values: Map<string, string>;
}

function requested(json: string): Request[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (error) {
    throw wrong(`it is no JSON: ${(error as Error).message}`);
  }
  if (!Array.isArray(parsed) || parsed.length === 0) throw wrong('it is no array of changes');
  return parsed.map((item: unknown) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item))
      throw wrong('a change is no object');
    const { scope, server_name, model_name, ...options } = item as Record<string, unknown>;
    if (scope !== 'server' && scope !== 'model')
      throw wrong('the scope of a change is neither server nor model');
    const section = scope === 'server' ? server_name : model_name;
    const isName = typeof section === 'string' && /^[^\]\r\n]+$/.test(section);
    if (!isName || ['all', 'barman', 'DEFAULT', 'cellarman'].includes(section))
      throw wrong(`a change of a ${scope} has no good ${scope}_name`);
    if (Object.keys(options).length === 0) throw wrong(`the change of '${section}' changes nothing`);
    return { scope, section, values: valuesOf(options, scope) };
  });
}

function valuesOf(options: Readonly<Record<string, unknown>>, scope: Request['scope']): Map<string, string> {
  const table: OptionTable = SERVER_OPTIONS;
  return new Map(
    Object.entries(options).map(([key, value]) => {
      const option = table[key];
      const fits = option !== undefined && (scope === 'server' || option.model || key === 'cluster');
      if (!fits) throw wrong(`"${key}" is no option of a ${scope}`);
      if (!['string', 'number', 'boolean'].includes(typeof value))
        throw wrong(`the value of "${key}" is no text`);
      const text = String(value);
      if (/[\r\n]/.test(text)) throw wrong(`the value of "${key}" has more than one line`);
      const isGood = text === '' || text === 'None' || option.grammar.parse(text) !== undefined;
      if (!isGood) throw wrong(`"${text}" is no ${key}: allowed is ${option.grammar.allowed}`);
      return [key, text];
    }),
  );
}

const wrong = (detail: string): Error =>
  failure('USAGE', { detail: `The configuration was not changed: ${detail}` });
