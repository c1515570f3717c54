import type { Command } from 'commander';
import { diff } from '../../snapshot/index.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit-status.ts';
import { differenceJson, differenceLine, differenceSummary } from '../render/difference.ts';
import { line } from '../render/json.ts';
import { defineRepositoryCommand, type RepositoryDraft } from './repository-command.ts';

const ABOUT = `Shows what was created, changed (and in what) or removed from snapshot A to snapshot B of REPO, by their
manifests. The status does not tell whether there were differences.`;

/** `cellarman diff`. */
export function define(command: Command, context: Context): void {
  const draft: RepositoryDraft = { options: {}, json: false };
  defineRepositoryCommand(command, context, { operands: 'REPO A B', about: ABOUT, draft, options: [], run });
}

async function run(
  [repository = '', before = '', after = '']: readonly string[],
  { options, json }: RepositoryDraft,
  { stdout, signal }: Context,
): Promise<number> {
  const report = await diff(repository, before, after, {
    ...options,
    signal,
    onDifference: (difference) =>
      void stdout.write(json ? differenceJson(difference) : differenceLine(difference)),
  });
  const status = EXIT.success;
  stdout.write(json ? line({ type: 'report', status, ...report }) : differenceSummary(report));
  return status;
}
