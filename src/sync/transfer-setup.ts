import type { SourceClock } from './clock.ts';
import type { Endpoint } from './endpoint.ts';
import type { Entry, RelPath } from './entry.ts';
import type { Filter } from './filter.ts';
import type { Lane } from './lanes/task.ts';
import type { RecordedEntry } from './manifest/record.ts';
import type { BasisUse, PlanRules } from './plan.ts';
import type { Record } from './recorder.ts';
import type { SelectionRules } from './selection.ts';
import type { SourceTree } from './source-tree.ts';
import type { Tally } from './tally.ts';

/** A tree on the destination's side that may hold what is needed. */
export interface Basis {
  readonly use: BasisUse;
  /** As a path of the destination endpoint. */
  readonly path: RelPath;
  /** What its manifest says of a directory; called in the order of the walk. Without it, the tree is listed. */
  readonly recall?: ((path: RelPath) => Promise<readonly RecordedEntry[]>) | undefined;
  /** For this basis in place of the rules' horizon. */
  readonly horizon?: number | undefined;
}

/** What is already in a directory of the destination and may stay. */
export interface Standing {
  readonly entries: readonly Entry[];
  /** What a manifest or journal says of them, sorted like them. */
  readonly recorded: readonly RecordedEntry[];
}

export interface RemovalWishes {
  /** Removals in all; undefined for no limit. */
  readonly most: number | undefined;
  /** What it protects stays. */
  readonly filter: Filter | undefined;
  /**
   * What the source does not show goes, even where the source could not be read: the destination is not yet anybody's.
   */
  readonly always: boolean;
}

/** All that a transfer needs, opened and resolved. */
export interface TransferSetup extends SelectionRules {
  readonly source: SourceTree;
  /** For the manifest's racy marks. */
  readonly clock: SourceClock;
  /** Where no manifest marks them, files that are too fresh are looked at once more; gives the clock for that. */
  readonly settle: (() => Promise<SourceClock>) | undefined;
  readonly destination: Endpoint;
  /** Where in `destination` the copy of the source's root stands. */
  readonly base: RelPath;
  /** What stands at `base`; undefined where nothing does and nothing shall be made (a dry run). */
  readonly baseEntry: Entry | undefined;
  readonly bases: readonly Basis[];
  readonly rules: PlanRules;
  /** The source is written to all the while and is meant to be: what changed while it was read is no problem. */
  readonly restless?: boolean;
  /** Names of one file in the source become names of one file in the destination. */
  readonly hardLinks: boolean;
  /** Undefined: nothing is removed. */
  readonly removal: RemovalWishes | undefined;
  readonly lanes: readonly Lane[];
  /** Bytes of the longest name in the destination. */
  readonly nameMax: number;
  /** Directories are made durable at the end. */
  readonly syncDirectories: boolean;
  /** Permission bits that new entries do not get where modes are not kept. */
  readonly umask: number;
  readonly dryRun: boolean;
  /** Looks at what stands in a directory of the destination; called in the order of the walk. */
  readonly recall?: ((path: RelPath, entries: readonly Entry[]) => Promise<Standing>) | undefined;
  /** Takes the description of the destination as it will be. */
  readonly record?: Record | undefined;
  /** Told of each file whose content arrived, as soon as it stands. */
  readonly onFile?: ((directory: RelPath, entry: RecordedEntry) => void) | undefined;
  /** Told after each batch of these. */
  readonly onBatch?: (() => void) | undefined;
  /** Told of what an inspector found in a file's content; the lanes were opened with an `InspectionSpec`. */
  readonly onInspected?: ((path: RelPath, finding: unknown) => void) | undefined;
  readonly tally: Tally;
  readonly signal: AbortSignal;
}
