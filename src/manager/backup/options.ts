import type { ServerConfig } from '../config/configuration.ts';

/** How one backup shall be taken. */
export interface BackupOptions {
  readonly name: string | undefined;
  readonly immediateCheckpoint: boolean;
  /** What becomes of unchanged files; undefined: everything is copied. */
  readonly reuse: 'link' | 'copy' | undefined;
  readonly jobs: number;
  /** Bytes a second. */
  readonly bandwidth: number | undefined;
  readonly retry: { readonly times: number; readonly sleep: number };
  /** Whether the backup gets a `backup_manifest` of PostgreSQL. */
  readonly manifest: boolean;
  /** Seconds; 0 for never. */
  readonly keepaliveInterval: number;
}

/** What the command line says in place of the server's options. */
export interface BackupWishes {
  readonly name?: string | undefined;
  readonly immediateCheckpoint?: boolean | undefined;
  readonly reuseBackup?: 'link' | 'copy' | 'off' | undefined;
  readonly jobs?: number | undefined;
  /** KB a second. */
  readonly bwlimit?: number | undefined;
  readonly retryTimes?: number | undefined;
  readonly retrySleep?: number | undefined;
  readonly keepaliveInterval?: number | undefined;
  readonly manifest?: boolean | undefined;
}

export function backupOptions({ options, own }: ServerConfig, wishes: BackupWishes): BackupOptions {
  const reuse = wishes.reuseBackup ?? options.reuse_backup ?? 'off';
  const limit = wishes.bwlimit ?? options.bandwidth_limit;
  return {
    name: wishes.name,
    immediateCheckpoint: wishes.immediateCheckpoint ?? options.immediate_checkpoint,
    reuse: reuse === 'off' ? undefined : reuse,
    jobs: wishes.jobs ?? own.lanes ?? options.parallel_jobs,
    bandwidth: limit === null || limit === 0 ? undefined : limit * 1024,
    retry: {
      times: wishes.retryTimes ?? options.basebackup_retry_times,
      sleep: wishes.retrySleep ?? options.basebackup_retry_sleep,
    },
    manifest: wishes.manifest ?? options.autogenerate_manifest,
    keepaliveInterval: wishes.keepaliveInterval ?? options.keepalive_interval,
  };
}
