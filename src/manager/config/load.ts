import { realpathSync } from 'node:fs';
import { resolve as absolute } from 'node:path';
import { failure } from '../../system/errors.ts';
import type { Configuration, ServerConfig } from './configuration.ts';
import {
  type ConfigFile,
  expandHome,
  findMainFile,
  type MainFileChoice,
  ownDirectory,
  readAutoConfig,
  readConfigDirectory,
  readConfigFile,
} from './files.ts';
import { readModels } from './model.ts';
import { GLOBAL_OPTIONS } from './options.ts';
import { type Resolved, resolve } from './resolve.ts';
import { sharedPaths } from './rules.ts';
import { readServer } from './server.ts';
import { mergeSections, type Section } from './settings.ts';
import { unknownKeys, unknownOwn } from './unknown.ts';

const BARMAN = 'barman';
const EMPTY: Section = new Map();

/**
 * Reads the whole configuration, as Barman does: the main file, the `*.conf` of `configuration_files_directory`, then
 * `<barman_home>/.barman.auto.conf`, later ones over earlier ones; and beside them our own `cellarman.d/*.conf`.
 *
 * @throws CONFIG_NOT_FOUND, or CONFIG for what leaves nothing to go on with. Whatever concerns one server only disables
 * that server.
 */
export function loadConfiguration(choice: MainFileChoice): Configuration {
  const { main, global, included } = readBarmansFiles(choice);
  const { barman_home: barmanHome } = global.values;
  for (const file of included) refuseGlobals(file);
  const ownFiles = readConfigDirectory(ownDirectory(main.path));

  const sections = mergeSections([main, ...included]);
  if (sections.has('all')) {
    throw failure('CONFIG', {
      where: main.path,
      detail: "the reserved word 'all' is not allowed as server name",
    });
  }
  const own = mergeSections(ownFiles);
  const models = readModels(sections);
  const read = [...sections.keys()]
    .filter((name) => name !== BARMAN && !models.sections.has(name))
    .sort()
    .map((name) =>
      readServer(
        {
          name,
          barmanHome,
          settings: sections.get(name) ?? EMPTY,
          shared: sections.get(BARMAN) ?? EMPTY,
          own: own.get(name) ?? EMPTY,
          ownShared: own.get('cellarman') ?? EMPTY,
          models: models.sections,
        },
        canonical,
      ),
    );
  const servers = new Map(read.map(({ config }) => [config.name, config]));
  const damage = unreadableLines([main, ...included, ...ownFiles]);
  return {
    mainFile: main.path,
    global: global.values,
    globalSources: global.sources,
    servers: withReasons(servers, damage),
    models: models.models,
    warnings: unique([
      ...unknownKeys(sections, (name) => models.sections.has(name)),
      ...unknownOwn(own, (name) => servers.has(name)),
      ...[...damage].filter(([section]) => !servers.has(section)).flatMap(([, reasons]) => reasons),
      ...global.warnings.map(({ text }) => text),
      ...models.warnings,
      ...read.flatMap(({ config, notes }) => [...config.warnings.map(({ text }) => text), ...notes]),
    ]),
  };
}

/** The files that Barman reads too, in their order. @throws CONFIG_NOT_FOUND, CONFIG */
export function readBarmansFiles(choice: MainFileChoice): {
  readonly main: ConfigFile;
  readonly global: Resolved<typeof GLOBAL_OPTIONS>;
  readonly included: readonly ConfigFile[];
} {
  const main = readConfigFile(findMainFile(choice));
  const global = readGlobal(main);
  const { barman_home: barmanHome, configuration_files_directory: directory } = global.values;
  const included = [
    ...(directory === null ? [] : readConfigDirectory(expandHome(directory, choice.env))),
    ...readAutoConfig(barmanHome),
  ];
  return { main, global, included };
}

function readGlobal(main: ConfigFile): Resolved<typeof GLOBAL_OPTIONS> {
  const problem = main.ini.problems.find(({ section }) => section === null || section === BARMAN);
  if (problem !== undefined) {
    throw failure('CONFIG', {
      where: `${main.path}:${problem.line}`,
      detail: `"${problem.text}" is neither a [section] nor "key = value"`,
    });
  }
  const settings = mergeSections([main]).get(BARMAN) ?? EMPTY;
  const global = resolve(GLOBAL_OPTIONS, [{ name: BARMAN, settings, holds: () => true }], {});
  if (global.values.barman_home === '') {
    throw failure('CONFIG', {
      where: main.path,
      detail: 'parameter "barman_home" is required in [barman] section',
    });
  }
  return global;
}

/** Values for all servers stand in the main file only, so that one file shows them all. */
function refuseGlobals({ path, ini }: ConfigFile): void {
  if ((ini.sections.get(BARMAN)?.size ?? 0) > 0) {
    throw failure('CONFIG', {
      where: path,
      detail: 'this file contains a not empty [barman] section; move it to the main file',
    });
  }
}

/** Lines that are no ini, by section. */
function unreadableLines(files: readonly ConfigFile[]): Map<string, string[]> {
  const bySection = new Map<string, string[]>();
  for (const { path, ini } of files) {
    for (const { line, text, section } of ini.problems) {
      const key = section ?? '';
      const reason = `${path}:${line}: "${text}" is neither a [section] nor "key = value"`;
      bySection.set(key, [...(bySection.get(key) ?? []), reason]);
    }
  }
  return bySection;
}

function withReasons(
  servers: ReadonlyMap<string, ServerConfig>,
  damage: ReadonlyMap<string, readonly string[]>,
): Map<string, ServerConfig> {
  const options = new Map([...servers].map(([name, server]) => [name, server.options]));
  const shared = sharedPaths(options, canonical);
  return new Map(
    [...servers].map(([name, server]) => [
      name,
      {
        ...server,
        disabledBecause: [
          ...server.disabledBecause,
          ...(damage.get(name) ?? []),
          ...(shared.get(name) ?? []),
        ],
      },
    ]),
  );
}

/** The file system's own name of a path; a directory that is still to be made has only ours. */
function canonical(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return absolute(path);
  }
}

const unique = (texts: readonly string[]): string[] => [...new Set(texts)];
