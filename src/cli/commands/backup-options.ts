import type { BackupWishes } from '../../manager/backup/options.ts';
import { failure } from '../../system/errors.ts';
import { type OptionRow, wholeNumber } from '../option-table.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What the command line of `backup` says so far. */
export interface BackupDraft {
  readonly wishes: Mutable<BackupWishes>;
  wait: boolean;
  waitTimeout: number | undefined;
}

const REUSE = ['copy', 'link', 'off'] as const;

const number =
  (option: string, least: number, set: (draft: BackupDraft, value: number) => void) =>
  (draft: BackupDraft, value: string): void =>
    set(draft, wholeNumber(option, value, least));

/** Barman's. */
export const BACKUP_OPTIONS: readonly OptionRow<BackupDraft>[] = [
  {
    flags: '--name <name>',
    help: 'a name for the backup, in place of its ID in other commands',
    apply: ({ wishes }, value) => {
      wishes.name = value;
    },
  },
  {
    flags: '--immediate-checkpoint',
    help: 'do the checkpoint at the start at once',
    apply: ({ wishes }) => {
      wishes.immediateCheckpoint = true;
    },
  },
  {
    flags: '--no-immediate-checkpoint',
    help: 'spread the checkpoint at the start out',
    apply: ({ wishes }) => {
      wishes.immediateCheckpoint = false;
    },
  },
  {
    flags: '--reuse-backup [type]',
    help: 'what becomes of files unchanged since the last backup; without TYPE link (default: reuse_backup)',
    choices: REUSE,
    apply: ({ wishes }, value) => {
      const type = REUSE.find((word) => word === (value === '' ? 'link' : value));
      if (type === undefined)
        throw failure('USAGE', { detail: `--reuse-backup=${value}: one of ${REUSE.join(', ')} is needed` });
      wishes.reuseBackup = type;
    },
  },
  {
    flags: '-j, --jobs <n>',
    help: 'connections that copy side by side (default: parallel_jobs)',
    apply: number('--jobs', 1, ({ wishes }, value) => {
      wishes.jobs = value;
    }),
  },
  {
    flags: '--bwlimit <kbps>',
    help: 'KB a second over all of them (default: bandwidth_limit)',
    apply: number('--bwlimit', 0, ({ wishes }, value) => {
      wishes.bwlimit = value;
    }),
  },
  {
    flags: '--retry-times <n>',
    help: 'how often a copy that broke off is gone on with (default: basebackup_retry_times)',
    apply: number('--retry-times', 0, ({ wishes }, value) => {
      wishes.retryTimes = value;
    }),
  },
  {
    flags: '--retry-sleep <seconds>',
    help: 'seconds before that (default: basebackup_retry_sleep)',
    apply: number('--retry-sleep', 0, ({ wishes }, value) => {
      wishes.retrySleep = value;
    }),
  },
  {
    flags: '--no-retry',
    help: 'as --retry-times 0',
    apply: ({ wishes }) => {
      wishes.retryTimes = 0;
    },
  },
  {
    flags: '--keepalive-interval <seconds>',
    help: 'seconds between two signs of life on the connection that holds the backup open; 0 for none (default: keepalive_interval)',
    apply: number('--keepalive-interval', 0, ({ wishes }, value) => {
      wishes.keepaliveInterval = value;
    }),
  },
  {
    flags: '--manifest',
    help: 'leave a backup_manifest that pg_verifybackup accepts',
    apply: ({ wishes }) => {
      wishes.manifest = true;
    },
  },
  {
    flags: '--no-manifest',
    help: 'leave none',
    apply: ({ wishes }) => {
      wishes.manifest = false;
    },
  },
  {
    flags: '-w, --wait',
    help: 'wait until all WAL of the backup is archived',
    apply: (draft) => {
      draft.wait = true;
    },
  },
  {
    flags: '--wait-timeout <seconds>',
    help: 'but no longer than this',
    apply: number('--wait-timeout', 1, (draft, value) => {
      draft.wait = true;
      draft.waitTimeout = value;
    }),
  },
  // All connections are opened at once here, which costs the host little.
  { flags: '--jobs-start-batch-period <seconds>', apply: () => {} },
  { flags: '--jobs-start-batch-size <n>', apply: () => {} },
  // What a backup needs is looked at before it begins, and nothing else can stop it.
  { flags: '--check-timeout <seconds>', apply: () => {} },
  {
    flags: '--incremental <backup_id>',
    apply: () => {
      throw failure('USAGE', {
        detail: '--incremental is for backup_method = postgres; with rsync use reuse_backup = link',
      });
    },
  },
];
