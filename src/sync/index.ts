/** The sync engine as a library: copy, compare and describe trees, local or over SFTP. */

export type { ReachOptions } from '../ssh/reach-options.ts';
export type { ByteString } from '../system/byte-string.ts';
export { fromText, toText } from '../system/byte-string.ts';
export { CellarmanError, type ErrorCode } from '../system/errors.ts';
export type { EntryType, RelPath } from './entry.ts';
export { type Filter, type FilterOptions, type FilterSource, parseFilter } from './filter.ts';
export type { SyncOptions } from './options.ts';
export type {
  ActionKind,
  Change,
  Counts,
  EntryEvent,
  ProblemEvent,
  ProgressEvent,
  SyncEvent,
  SyncReport,
  WarningEvent,
} from './report.ts';
export { sync } from './sync.ts';
