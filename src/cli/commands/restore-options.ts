import type { TargetWords } from '../../manager/restore/target.ts';
import { failure } from '../../system/errors.ts';
import { type OptionRow, wholeNumber } from '../option-table.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What the command line of `restore` says so far. */
export interface RestoreDraft {
  readonly target: Mutable<TargetWords>;
  timeline: string | undefined;
  exclusive: boolean;
  action: 'pause' | 'shutdown' | 'promote' | undefined;
  standby: boolean;
  readonly tablespaces: string[];
  remoteCommand: string | undefined;
  jobs: number | undefined;
  /** KB a second. */
  bwlimit: number | undefined;
  retryTimes: number | undefined;
  retrySleep: number | undefined;
  getWal: boolean | undefined;
  delta: boolean | undefined;
  stagingWalDirectory: string | undefined;
  settingsFile: string;
  port: number | undefined;
  dryRun: boolean;
}

export const newRestoreDraft = (): RestoreDraft => ({
  target: {},
  timeline: undefined,
  exclusive: false,
  action: undefined,
  standby: false,
  tablespaces: [],
  remoteCommand: undefined,
  jobs: undefined,
  bwlimit: undefined,
  retryTimes: undefined,
  retrySleep: undefined,
  getWal: undefined,
  delta: undefined,
  stagingWalDirectory: undefined,
  settingsFile: 'postgresql.auto.conf',
  port: undefined,
  dryRun: false,
});

const ACTIONS = ['pause', 'shutdown', 'promote'] as const;
const TARGET = 'Where recovery ends (at most one of the first five):';

const text = (
  flags: string,
  help: string,
  apply: (draft: RestoreDraft, value: string) => void,
  heading?: string,
): OptionRow<RestoreDraft> => ({ flags, help, apply, ...(heading === undefined ? {} : { heading }) });

const number = (
  flags: string,
  help: string,
  option: string,
  least: number,
  set: (draft: RestoreDraft, value: number) => void,
): OptionRow<RestoreDraft> =>
  text(flags, help, (draft, value) => set(draft, wholeNumber(option, value, least)));

const flag = (
  flags: string,
  help: string,
  apply: (draft: RestoreDraft) => void,
  heading?: string,
): OptionRow<RestoreDraft> => text(flags, help, apply, heading);

/** Barman's, and `--dry-run`. */
export const RESTORE_OPTIONS: readonly OptionRow<RestoreDraft>[] = [
  text(
    '--target-time <time>',
    "the last transaction that ended by then; without a zone it is this host's",
    ({ target }, value) => {
      target.targetTime = value;
    },
    TARGET,
  ),
  text(
    '--target-xid <xid>',
    'the end of this transaction',
    ({ target }, value) => {
      target.targetXid = value;
    },
    TARGET,
  ),
  text(
    '--target-lsn <lsn>',
    'this position in the WAL',
    ({ target }, value) => {
      target.targetLsn = value;
    },
    TARGET,
  ),
  text(
    '--target-name <name>',
    'this restore point',
    ({ target }, value) => {
      target.targetName = value;
    },
    TARGET,
  ),
  flag(
    '--target-immediate',
    'the end of the backup',
    ({ target }) => {
      target.targetImmediate = true;
    },
    TARGET,
  ),
  text(
    '--target-tli <timeline>',
    "a number, current (the backup's, default) or latest",
    (draft, value) => {
      draft.timeline = value;
    },
    TARGET,
  ),
  flag(
    '--exclusive',
    'end just before the target, not behind it',
    (draft) => {
      draft.exclusive = true;
    },
    TARGET,
  ),
  {
    flags: '--target-action <action>',
    help: 'what the server does then, instead of what PostgreSQL does by default (pause)',
    heading: TARGET,
    choices: ACTIONS,
    apply: (draft, value) => {
      const action = ACTIONS.find((word) => word === value);
      if (action === undefined)
        throw failure('USAGE', {
          detail: `--target-action=${value}: one of ${ACTIONS.join(', ')} is needed`,
        });
      draft.action = action;
    },
  },
  flag('--standby-mode', 'make a standby', (draft) => {
    draft.standby = true;
  }),
  text('--tablespace <name:location>', 'put a tablespace elsewhere (repeat)', ({ tablespaces }, value) => {
    tablespaces.push(value);
  }),
  text(
    '--remote-ssh-command <command>',
    'restore to the host this ssh command reaches; an SFTP account is enough there',
    (draft, value) => {
      draft.remoteCommand = value;
    },
  ),
  flag('--delta-restore', 'make an existing data directory equal to the backup', (draft) => {
    draft.delta = true;
  }),
  flag('--no-delta-restore', 'only into an empty directory (default)', (draft) => {
    draft.delta = false;
  }),
  flag('--get-wal', 'let the server fetch WAL while it recovers (cellarman wal-restore)', (draft) => {
    draft.getWal = true;
  }),
  flag('--no-get-wal', 'copy the WAL now', (draft) => {
    draft.getWal = false;
  }),
  text(
    '--staging-wal-directory <dir>',
    'where WAL for recovery lies, in place of DEST/barman_wal',
    (draft, value) => {
      if (!value.startsWith('/'))
        throw failure('USAGE', { detail: `--staging-wal-directory=${value}: an absolute path is needed` });
      draft.stagingWalDirectory = value.replace(/(?<=.)\/+$/, '');
    },
  ),
  text(
    '--recovery-conf-filename <file>',
    'the file in DEST that takes the recovery settings, in place of postgresql.auto.conf',
    (draft, value) => {
      if (value === '' || value.includes('/'))
        throw failure('USAGE', { detail: `--recovery-conf-filename=${value}: the name of a file is needed` });
      draft.settingsFile = value;
    },
  ),
  number(
    '--recovery-option-port <port>',
    'the SSH port of this host, for --get-wal',
    '--recovery-option-port',
    1,
    (draft, value) => {
      draft.port = value;
    },
  ),
  number(
    '-j, --jobs <n>',
    'threads that copy side by side, each with its own connection (default: parallel_jobs where it is set, else 2)',
    '--jobs',
    1,
    (draft, value) => {
      draft.jobs = value;
    },
  ),
  number('--bwlimit <kbps>', 'KB a second over all of them', '--bwlimit', 0, (draft, value) => {
    draft.bwlimit = value;
  }),
  number(
    '--retry-times <n>',
    'how often a copy that broke off is gone on with',
    '--retry-times',
    0,
    (draft, value) => {
      draft.retryTimes = value;
    },
  ),
  number('--retry-sleep <seconds>', 'seconds before that', '--retry-sleep', 0, (draft, value) => {
    draft.retrySleep = value;
  }),
  flag('--no-retry', 'as --retry-times 0', (draft) => {
    draft.retryTimes = 0;
  }),
  flag('-n, --dry-run', 'only show what would be done, and whether it can be', (draft) => {
    draft.dryRun = true;
  }),
  // All connections are opened at once here, and SSH compresses as its own settings say.
  { flags: '--jobs-start-batch-period <seconds>', apply: () => {} },
  { flags: '--jobs-start-batch-size <n>', apply: () => {} },
  { flags: '--network-compression', apply: () => {} },
  { flags: '--no-network-compression', apply: () => {} },
];
