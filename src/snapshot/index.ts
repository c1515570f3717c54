/** Dated, hard-linked snapshots of a tree as a library. */
export { CellarmanError, type ErrorCode } from '../system/errors.ts';
export type { Finding } from './compare-tree.ts';
export { type DiffOptions, type DiffReport, diff } from './diff.ts';
export type { Difference } from './diff-manifests.ts';
export type { SnapshotId } from './layout.ts';
export type { SnapshotInfo } from './list.ts';
export type { SnapshotOptions, SnapshotReport } from './options.ts';
export { type PruneOptions, type PruneReport, prune, type RemovedSnapshot } from './prune.ts';
export type { RetentionVerdict } from './retention.ts';
export { snapshot } from './snapshot.ts';
export { snapshots } from './snapshots.ts';
export { verify } from './verify.ts';
export type {
  FindingCounts,
  Verification,
  VerifyFinding,
  VerifyOptions,
  VerifyReport,
} from './verify-options.ts';
