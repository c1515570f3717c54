import type { ReachOptions } from '../ssh/reach-options.ts';
import type { Filter } from '../sync/filter.ts';
import type { SyncEvent, SyncReport } from '../sync/report.ts';
import type { SnapshotId } from './layout.ts';

export interface SnapshotOptions extends ReachOptions {
  /** Compare every file by content, whatever its size and time say. */
  readonly checksum?: boolean;
  readonly filter?: Filter;
  /** Do not cross file systems of the source. */
  readonly oneFileSystem?: boolean;
  /** Afterwards, unless it is a dry run, remove what this policy does not keep: `REDUNDANCY 7`, `RECOVERY WINDOW OF 14 DAYS`. */
  readonly keep?: string;
  /** Go on although the source is empty or has lost more than half of its entries since the last snapshot. */
  readonly allowShrink?: boolean;
  readonly dryRun?: boolean;
  /** Bytes a second over all lanes. */
  readonly bandwidthLimit?: number;
  /** Lanes: worker threads, each with a connection of its own. Default 2. */
  readonly jobs?: number;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: SyncEvent) => void;
  /** Which entries are told one by one. Default `touched`: all but those linked unchanged. */
  readonly events?: 'none' | 'touched' | 'all';
}

export interface SnapshotReport extends SyncReport {
  /** The snapshot that was made; in a dry run the one that would be. */
  readonly id: SnapshotId;
  /** The snapshot it shares unchanged files with; undefined for the first. */
  readonly basis: SnapshotId | undefined;
  /** It went on with what an interrupted run had left. */
  readonly resumed: boolean;
  /** Snapshots that were removed by `keep`. */
  readonly pruned: readonly SnapshotId[];
}
