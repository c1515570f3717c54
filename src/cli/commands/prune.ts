import type { Command } from 'commander';
import { prune } from '../../snapshot/index.ts';
import { failure } from '../../system/errors.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit-status.ts';
import type { OptionRow } from '../option-table.ts';
import { line } from '../render/json.ts';
import { defineRepositoryCommand, type RepositoryDraft } from './repository-command.ts';

const ABOUT = `Removes from REPO the snapshots that the policy does not keep. POLICY is "REDUNDANCY n", which keeps the newest
n, or "RECOVERY WINDOW OF n DAYS" (or WEEKS, or MONTHS of 31 days), which keeps all that are younger and the one that
stood when that time began. The newest is kept in any case. Files that other snapshots share stay as they are there.`;

interface PruneDraft extends RepositoryDraft {
  keep: string | undefined;
  dryRun: boolean;
}

const OPTIONS: readonly OptionRow<PruneDraft>[] = [
  {
    flags: '--keep <policy>',
    help: 'what to keep; must be given',
    apply: (draft, value) => {
      draft.keep = value;
    },
  },
  {
    flags: '-n, --dry-run',
    help: 'remove nothing, show what would be removed',
    apply: (draft) => {
      draft.dryRun = true;
    },
  },
];

/** `cellarman prune`. */
export function define(command: Command, context: Context): void {
  const draft: PruneDraft = { options: {}, json: false, keep: undefined, dryRun: false };
  defineRepositoryCommand(command, context, {
    operands: 'REPO',
    about: ABOUT,
    draft,
    options: OPTIONS,
    run,
  });
}

async function run(
  [repository = '']: readonly string[],
  { options, json, keep, dryRun }: PruneDraft,
  { stdout, signal }: Context,
): Promise<number> {
  if (keep === undefined) throw failure('USAGE', { detail: '--keep is needed' });
  const { verdicts, removed } = await prune(repository, {
    ...options,
    keep,
    dryRun,
    signal,
    onRemoved: ({ id, reason }) =>
      void stdout.write(
        json ? line({ type: 'removed', snapshot: id, reason }) : `snapshot ${id} removed: ${reason}\n`,
      ),
  });
  const status = EXIT.success;
  const kept = verdicts.filter((verdict) => verdict.keep);
  if (json) {
    stdout.write(line({ type: 'report', status, dryRun, removed, kept }));
    return status;
  }
  if (dryRun) {
    for (const { id, reason } of removed) stdout.write(`snapshot ${id} would be removed: ${reason}\n`);
  }
  for (const { id, reason } of kept.reverse()) stdout.write(`snapshot ${id} is kept: ${reason}\n`);
  return status;
}
