import type { OptionTable } from './option.ts';
import { GLOBAL_OPTIONS, OWN_OPTIONS, SERVER_OPTIONS } from './options.ts';
import type { Section } from './settings.ts';
import { unknownKey } from './warning.ts';

type Known = (key: string) => boolean;

const globals: OptionTable = GLOBAL_OPTIONS;
const server: OptionTable = SERVER_OPTIONS;

/** `keepalive_internval` is how Barman spells the global key that it then never reads. */
const inBarman: Known = (key) =>
  globals[key] !== undefined || server[key]?.scope === 'both' || key === 'keepalive_internval';
const inServer: Known = (key) => server[key] !== undefined || key === 'model';
const inModel: Known = (key) => server[key]?.model === true || key === 'model' || key === 'cluster';
const inOwn: Known = (key) => key in OWN_OPTIONS;

/** A warning for every key no table has, in Barman's files. */
export function unknownKeys(
  sections: ReadonlyMap<string, Section>,
  isModel: (name: string) => boolean,
): string[] {
  return [...sections].flatMap(([name, section]) =>
    unknownIn(name, section, name === 'barman' ? inBarman : isModel(name) ? inModel : inServer),
  );
}

/** The same for `cellarman.d`, where a section that is neither `[cellarman]` nor a server's is unknown as a whole. */
export function unknownOwn(
  sections: ReadonlyMap<string, Section>,
  isServer: (name: string) => boolean,
): string[] {
  return [...sections].flatMap(([name, section]) =>
    unknownIn(name, section, name === 'cellarman' || isServer(name) ? inOwn : () => false),
  );
}

function unknownIn(name: string, section: Section, known: Known): string[] {
  return [...section]
    .filter(([key]) => !known(key))
    .map(([key, setting]) => unknownKey(setting, name, key).text);
}
