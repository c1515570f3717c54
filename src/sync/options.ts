import type { ReachOptions } from '../ssh/reach-options.ts';
import type { Filter } from './filter.ts';
import type { SyncEvent } from './report.ts';

/**
 * What `sync` shall do. The meaning of each option is that of rsync(1)'s option of the same name, which is given behind
 * it. All default to off, as with rsync without options: files are copied with neither modes nor times, and directories
 * are skipped. `archive` sets what `-a` sets.
 */
export interface SyncOptions extends ReachOptions {
  /** `-r` */ readonly recursive?: boolean;
  /** `-l` */ readonly links?: boolean;
  /** `-p` */ readonly perms?: boolean;
  /** `-t` */ readonly times?: boolean;
  /** `-g` */ readonly group?: boolean;
  /** `-o` */ readonly owner?: boolean;
  /** `-a`: recursive, links, perms, times, group, owner; each can be set to false again. */
  readonly archive?: boolean;
  /** `-H` */ readonly hardLinks?: boolean;
  /** `-n` */ readonly dryRun?: boolean;
  /** `-c` */ readonly checksum?: boolean;
  /** `-I` */ readonly ignoreTimes?: boolean;
  /** `--size-only` */ readonly sizeOnly?: boolean;
  /** `-u` */ readonly update?: boolean;
  /** `-x` */ readonly oneFileSystem?: boolean;
  /** `-@`, seconds; -1 compares at the finest step both sides have. Default 0: whole seconds where one side is SFTP, microseconds between local trees. */
  readonly modifyWindow?: number;
  /** `--link-dest`, relative to the destination. */ readonly linkDest?: readonly string[];
  /** `--copy-dest` */ readonly copyDest?: readonly string[];
  /** `--compare-dest` */ readonly compareDest?: readonly string[];
  /** `--delete`, always after the transfer, and not at all when the source could not be read in full. */
  readonly delete?: boolean;
  /** `--delete-excluded` */ readonly deleteExcluded?: boolean;
  /** `--max-delete` */ readonly maxDelete?: number;
  readonly filter?: Filter;
  /** `--numeric-ids` */ readonly numericIds?: boolean;
  /** `--bwlimit`, bytes a second over all lanes. */ readonly bandwidthLimit?: number;
  /** `--timeout`, seconds. */ readonly timeout?: number;
  /** `--fsync` */ readonly fsync?: boolean;
  /** `--mkpath` */ readonly makePath?: boolean;
  /** Lanes: worker threads, each with a connection of its own. Default 2. */ readonly jobs?: number;
  /** Write a manifest of the destination to this local file. */ readonly manifest?: string;
  /** Read what the destination holds, with its hashes, from this local file written by `manifest`. */
  readonly basisManifest?: string;

  readonly signal?: AbortSignal;
  /** Called for every event, in order; `entry` events only when `events` asks for them. */
  readonly onEvent?: (event: SyncEvent) => void;
  /** Which entries are told one by one: none, those that are touched (default where onEvent is given), or also those linked unchanged. */
  readonly events?: 'none' | 'touched' | 'all';
}
