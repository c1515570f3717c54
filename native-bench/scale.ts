import type { ClusterSize } from './cluster.ts';

/** How much data the scenarios work on. */
export interface Scale {
  /** Files of 8 KiB. */
  readonly small: number;
  readonly bigFiles: number;
  readonly bigBytes: number;
  /** Empty files. */
  readonly many: number;
  /** Numbers of files for cost against size, below `many`. */
  readonly sizes: readonly number[];
  /** WAL segments of 16 MiB that are archived at once. */
  readonly segments: number;
  /** The cluster that is backed up and restored: four files a table, four rows a page. */
  readonly cluster: ClusterSize;
  /** Upper bound of timed rounds. */
  readonly rounds: number;
}

export const FULL: Scale = {
  small: 100_000,
  bigFiles: 4,
  bigBytes: 256 << 20,
  many: 1_000_000,
  sizes: [1_000, 10_000, 100_000],
  segments: 200,
  cluster: { tables: 12_000, rowsPerTable: 68 },
  rounds: Number.POSITIVE_INFINITY,
};

/** To see that everything runs; the numbers mean little. */
export const QUICK: Scale = {
  small: 2_000,
  bigFiles: 4,
  bigBytes: 16 << 20,
  many: 20_000,
  sizes: [20, 200, 2_000],
  segments: 10,
  cluster: { tables: 400, rowsPerTable: 4 },
  rounds: 2,
};
