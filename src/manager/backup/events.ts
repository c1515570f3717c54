import type { ProgressEvent } from '../../sync/report.ts';
import type { BackupStatus } from '../catalogue/backup-fields.ts';
import type { ArchiveEvent } from '../wal/archive/archive.ts';

/** A position of the backup in the WAL, as people look for it. */
export interface WalPlace {
  /** `0/3000028` */
  readonly lsn: string;
  readonly segment: string;
  readonly offset: number;
}

/** What happens while a backup is made. */
export type BackupEvent =
  /** Backups that were under way when their process ended were marked as failed. */
  | { readonly type: 'orphans'; readonly ids: readonly string[] }
  | { readonly type: 'starting'; readonly id: string; readonly directory: string }
  /**
   * PostgreSQL makes a checkpoint first, and spreads it out. Seconds: since when, told again and again, and how long it
   * takes at most where no other one is under way.
   */
  | { readonly type: 'checkpoint'; readonly waited: number; readonly longest: number }
  | ({ readonly type: 'started' } & WalPlace)
  | {
      readonly type: 'copying';
      readonly id: string;
      readonly jobs: number;
      /** The backup that unchanged files are shared with. */
      readonly basis: string | undefined;
    }
  | { readonly type: 'progress'; readonly progress: ProgressEvent }
  /** Milliseconds. */
  | { readonly type: 'copied'; readonly time: number }
  | { readonly type: 'stopping' }
  /** Bytes; `own` are those no other backup has: undefined where nothing is shared. */
  | { readonly type: 'size'; readonly size: number; readonly own: number | undefined }
  | ({ readonly type: 'stopped' } & WalPlace)
  /** Milliseconds since the epoch, and from then on. */
  | { readonly type: 'completed'; readonly began: number; readonly time: number }
  | { readonly type: 'waiting'; readonly segment: string; readonly seconds: number | undefined }
  | { readonly type: 'archive'; readonly event: ArchiveEvent }
  | { readonly type: 'status'; readonly status: BackupStatus; readonly segment: string | undefined }
  /** WAL from before the first backup was removed. */
  | { readonly type: 'purged'; readonly names: readonly string[] }
  | { readonly type: 'warning'; readonly message: string };
