import type { ReachOptions } from '../ssh/reach-options.ts';
import type { Filter } from '../sync/filter.ts';
import type { ProgressEvent } from '../sync/report.ts';
import type { CellarmanError } from '../system/errors.ts';
import type { Finding } from './compare-tree.ts';
import type { SnapshotId } from './layout.ts';

/** A finding, and where it was made. */
export interface VerifyFinding extends Finding {
  readonly type: Finding['type'];
  readonly snapshot: SnapshotId;
  /** `snapshot`: its tree is not what its manifest says. `source`: the source is not what the manifest says. */
  readonly side: 'snapshot' | 'source';
}

export interface VerifyOptions extends ReachOptions {
  /** Only this one. Default: all that are not unfinished. */
  readonly snapshot?: string;
  /** Also compare with this source: the given snapshot, or the newest. */
  readonly against?: string;
  /** Compare with the source by content, not only by size, time and attributes. */
  readonly checksum?: boolean;
  /** What was left out of the snapshot; counts for the source only. */
  readonly filter?: Filter;
  /** Lanes: worker threads, each with a connection of its own. Default 2. */
  readonly jobs?: number;
  readonly signal?: AbortSignal;
  readonly onFinding?: (finding: VerifyFinding) => void;
  /** At most ten times a second. */
  readonly onProgress?: (progress: ProgressEvent) => void;
}

export type FindingCounts = Readonly<Record<Finding['kind'], number>>;

export interface Verification {
  readonly snapshot: SnapshotId;
  readonly side: VerifyFinding['side'];
  /** Files whose content was compared, and their bytes; of those shared with the snapshot before it, only one is read. */
  readonly files: number;
  readonly bytes: number;
  readonly findings: FindingCounts;
  /** Why the manifest cannot be relied on; then the findings are worth nothing. */
  readonly problem: CellarmanError | undefined;
}

export interface VerifyReport {
  readonly verifications: readonly Verification[];
  /** Nothing was found and no manifest has a problem. */
  readonly clean: boolean;
}
