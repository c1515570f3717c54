/** Dated, hard-linked snapshots of a tree as a library. */
export { CellarmanError, type ErrorCode } from '../system/errors.ts';
export type { SnapshotId } from './layout.ts';
export type { SnapshotOptions, SnapshotReport } from './options.ts';
export { snapshot } from './snapshot.ts';
