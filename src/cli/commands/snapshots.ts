import type { Command } from 'commander';
import { snapshots } from '../../snapshot/index.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit-status.ts';
import { snapshotJson, snapshotTable } from '../render/snapshot-list.ts';
import { defineRepositoryCommand, type RepositoryDraft } from './repository-command.ts';

const ABOUT = `Lists what is in REPO, the oldest first: how many files each snapshot has, their size, how much of it was
transferred when it was made and how much it shares with the one before. An unfinished one is gone on with by the next
"cellarman snapshot"; one that is being removed is ended by the next "cellarman prune".`;

/** `cellarman snapshots`. */
export function define(command: Command, context: Context): void {
  const draft: RepositoryDraft = { options: {}, json: false };
  defineRepositoryCommand(command, context, { operands: 'REPO', about: ABOUT, draft, options: [], run });
}

async function run(
  [repository = '']: readonly string[],
  { options, json }: RepositoryDraft,
  { stdout, signal }: Context,
): Promise<number> {
  const all = await snapshots(repository, { ...options, signal });
  if (json) for (const info of all) stdout.write(snapshotJson(info));
  else stdout.write(all.length === 0 ? `there are no snapshots in ${repository}\n` : snapshotTable(all));
  return EXIT.success;
}
