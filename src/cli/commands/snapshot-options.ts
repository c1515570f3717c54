import { longName, type OptionRow } from '../option-table.ts';
import { newDraft, type SyncDraft } from './sync-draft.ts';
import { SYNC_OPTIONS } from './sync-options.ts';

/** What a command line of `snapshot` says. */
export interface SnapshotDraft extends SyncDraft {
  keep: string | undefined;
  allowShrink: boolean;
}

export const newSnapshotDraft = (): SnapshotDraft => ({ ...newDraft(), keep: undefined, allowShrink: false });

/** Those of `sync` that make sense for a snapshot, under the same names. */
const SHARED = new Set([
  '--dry-run',
  '--checksum',
  '--one-file-system',
  '--exclude',
  '--include',
  '--filter',
  '--exclude-from',
  '--include-from',
  '--bwlimit',
  '--jobs',
  '--rsh',
  '--password-file',
  '--identity',
  '--known-hosts',
  '--cipher',
  '--timeout',
  '--verbose',
  '--itemize-changes',
  '--quiet',
  '--stats',
  '--progress',
  '--no-progress',
  '--json',
]);

export const SNAPSHOT_OPTIONS: readonly OptionRow<SnapshotDraft>[] = [
  ...SYNC_OPTIONS.filter(({ flags }) => SHARED.has(longName(flags))),
  {
    flags: '--keep <policy>',
    help: 'afterwards remove what the policy does not keep: "REDUNDANCY 7", "RECOVERY WINDOW OF 14 DAYS"',
    apply: (draft, value) => {
      draft.keep = value;
    },
  },
  {
    flags: '--allow-shrink',
    help: 'go on although SRC is empty or has lost more than half of its entries since the last snapshot',
    apply: (draft) => {
      draft.allowShrink = true;
    },
  },
];
