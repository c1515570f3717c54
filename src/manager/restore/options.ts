import type { LockSite } from '../catalogue/locks.ts';
import type { RestoreEvent } from './events.ts';
import type { TargetAction } from './recovery-settings.ts';
import type { Repaired } from './repair.ts';
import type { WrittenConfiguration } from './write-configuration.ts';

/** How a plan is carried out. */
export interface RestoreOptions {
  readonly jobs: number;
  /** Bytes a second over all lanes. */
  readonly bandwidth: number | undefined;
  readonly retry: { readonly times: number; readonly sleep: number };
  /** Fetches WAL during recovery; undefined: WAL is copied now. */
  readonly restoreCommand: string | undefined;
  readonly action: TargetAction | undefined;
  /** The file that takes the recovery settings. */
  readonly settingsFile: string;
  readonly onEvent: (event: RestoreEvent) => void;
  /** Where the backup is held, so that nobody removes it meanwhile. */
  readonly locks: LockSite;
  readonly signal: AbortSignal;
}

export interface Restored extends WrittenConfiguration {
  readonly repaired: readonly Repaired[];
  readonly transferredFiles: number;
  readonly transferredBytes: number;
  /** It stops at its target until somebody says how it goes on. */
  readonly pauses: boolean;
}
