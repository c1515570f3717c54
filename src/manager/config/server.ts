import { readActiveModel } from './active-model.ts';
import type { ServerConfig } from './configuration.ts';
import type { Option } from './option.ts';
import { OWN_OPTIONS, SERVER_OPTIONS, type ServerOptions } from './options.ts';
import { type Layer, resolve } from './resolve.ts';
import { type Canonical, contradictions } from './rules.ts';
import type { Section } from './settings.ts';
import { unquote } from './value-text.ts';

/** What the files say of one server. */
export interface ServerSections {
  readonly name: string;
  readonly barmanHome: string;
  readonly settings: Section;
  /** `[barman]` */
  readonly shared: Section;
  /** The server's section of `cellarman.d`, and its `[cellarman]`. */
  readonly own: Section;
  readonly ownShared: Section;
  readonly models: ReadonlyMap<string, Section>;
}

export interface ReadServer {
  readonly config: ServerConfig;
  /** Sentences about the server as a whole. */
  readonly notes: readonly string[];
}

const everywhere = (): boolean => true;
const inherited = ({ scope }: Option<unknown>): boolean => scope === 'both';

/** Never throws: what is wrong with the server stands in `disabledBecause`. */
export function readServer(sections: ServerSections, canonical: Canonical): ReadServer {
  const { name } = sections;
  const layers: Layer[] = [
    { name, settings: sections.settings, holds: everywhere },
    { name: 'barman', settings: sections.shared, holds: inherited },
  ];
  const known = { name, barman_home: sections.barmanHome };
  const plain = resolve(SERVER_OPTIONS, layers, known);
  const activeModel = readActiveModel(plain.values.backup_directory);
  const model = activeModel === null ? undefined : sections.models.get(activeModel);
  const fits = unquote(model?.get('cluster')?.text ?? '') === plain.values.cluster;
  const resolved =
    activeModel === null || model === undefined || !fits
      ? plain
      : resolve(
          SERVER_OPTIONS,
          [{ name: activeModel, settings: model, holds: (o) => o.model }, ...layers],
          known,
        );
  const own = resolve(
    OWN_OPTIONS,
    [
      { name, settings: sections.own, holds: everywhere },
      { name: 'cellarman', settings: sections.ownShared, holds: inherited },
    ],
    known,
  );

  const { options, notes } = withForcedOptions(name, resolved.values);
  return {
    config: {
      name,
      options,
      own: own.values,
      sources: resolved.sources,
      activeModel,
      warnings: [...resolved.warnings, ...own.warnings],
      disabledBecause: [
        ...(activeModel !== null && !fits
          ? [
              `Model '${activeModel}' is set as active for '${name}', but there is no such model of its cluster`,
            ]
          : []),
        ...contradictions(name, options, canonical),
      ],
    },
    notes,
  };
}

/** WAL has to come from somewhere, and the only kind of backup PostgreSQL 15 and later have is the concurrent one. */
function withForcedOptions(
  name: string,
  options: ServerOptions,
): { options: ServerOptions; notes: string[] } {
  const concurrent: ServerOptions =
    options.backup_method === 'postgres' || options.backup_options.has('exclusive_backup')
      ? options
      : { ...options, backup_options: new Set([...options.backup_options, 'concurrent_backup'] as const) };
  if (options.archiver || options.streaming_archiver || options.primary_ssh_command !== null) {
    return { options: concurrent, notes: [] };
  }
  return {
    options: { ...concurrent, archiver: true },
    notes: [
      `No archiver enabled for server '${name}'. Please turn on 'archiver', 'streaming_archiver' or both`,
      "Forcing 'archiver = on'",
    ],
  };
}
