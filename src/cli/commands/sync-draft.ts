import type { FilterSource } from '../../sync/filter.ts';
import type { SyncOptions } from '../../sync/options.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What a command line of `sync` says. */
export interface SyncDraft {
  readonly options: Mutable<SyncOptions>;
  /** In the order of the command line. */
  readonly filters: FilterSource[];
  verbosity: number;
  itemize: number;
  quiet: boolean;
  stats: boolean;
  json: boolean;
  /** Undefined: where the terminal allows it. */
  progress: boolean | undefined;
}

export const newDraft = (): SyncDraft => ({
  options: {},
  filters: [],
  verbosity: 0,
  itemize: 0,
  quiet: false,
  stats: false,
  json: false,
  progress: undefined,
});
