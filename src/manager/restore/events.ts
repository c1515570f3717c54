import type { RelPath } from '../../sync/entry.ts';
import type { ProgressEvent } from '../../sync/report.ts';
import type { Repaired } from './repair.ts';

/** What happens during a restore. */
export type RestoreEvent =
  | { readonly type: 'step'; readonly step: 'resume' | 'delta' | 'wal' | 'base' | 'configuration' | 'flush' }
  | { readonly type: 'progress'; readonly progress: ProgressEvent }
  | { readonly type: 'warning'; readonly message: string }
  /** What was found damaged in the backup, and taken from another one. */
  | { readonly type: 'repaired'; readonly repaired: Repaired }
  | { readonly type: 'damaged'; readonly path: RelPath };
