import type { GlobalOptions, OwnOptions, ServerOptions } from './options.ts';
import type { ValueSource } from './resolve.ts';
import type { ConfigWarning } from './warning.ts';

/** One server, its model applied. */
export interface ServerConfig {
  readonly name: string;
  readonly options: ServerOptions;
  /** What `cellarman.d` says of it. */
  readonly own: OwnOptions;
  readonly sources: ReadonlyMap<string, ValueSource>;
  readonly activeModel: string | null;
  /** Lines that set one of its options and were left out of account. */
  readonly warnings: readonly ConfigWarning[];
  /** Why no command may work on it; empty for a good server. The others are not concerned. */
  readonly disabledBecause: readonly string[];
}

/** A set of options a server of its cluster can be switched to. */
export interface ModelConfig {
  readonly name: string;
  readonly cluster: string;
  /** Only the options the model sets, by key. */
  readonly sets: ReadonlyMap<string, { readonly shown: string; readonly source: ValueSource }>;
}

export interface Configuration {
  readonly mainFile: string;
  readonly global: GlobalOptions;
  readonly globalSources: ReadonlyMap<string, ValueSource>;
  /** Sorted by name. */
  readonly servers: ReadonlyMap<string, ServerConfig>;
  readonly models: ReadonlyMap<string, ModelConfig>;
  /** Everything that shall be told on every run, in the order of the files. */
  readonly warnings: readonly string[];
}
