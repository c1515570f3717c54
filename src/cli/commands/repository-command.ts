import type { Command } from 'commander';
import { failure } from '../../system/errors.ts';
import type { Context } from '../context.ts';
import { statusHelp, statusOfError } from '../exit-status.ts';
import { declareOptions, type OptionRow } from '../option-table.ts';
import { errorJson } from '../render/json.ts';
import { REACH_OPTIONS, type ReachDraft } from './reach-options.ts';

/** What every command line has that is about a repository of snapshots. */
export interface RepositoryDraft extends ReachDraft {
  json: boolean;
}

export interface RepositoryCommand<Draft extends RepositoryDraft> {
  /** What goes behind the command's name: `REPO A B`; a word in brackets may be left out. */
  readonly operands: string;
  readonly about: string;
  readonly draft: Draft;
  readonly options: readonly OptionRow<Draft>[];
  /** The exit status. */
  readonly run: (operands: readonly string[], draft: Draft, context: Context) => Promise<number>;
}

const JSON_OPTION: OptionRow<RepositoryDraft> = {
  flags: '--json',
  help: 'one JSON object per line on standard output',
  apply: (draft) => {
    draft.json = true;
  },
};

/** Defines such a command: its options, how hosts are reached, help, errors in JSON. */
export function defineRepositoryCommand<Draft extends RepositoryDraft>(
  command: Command,
  context: Context,
  { operands, about, draft, options, run }: RepositoryCommand<Draft>,
): void {
  command
    .argument('[operand...]')
    .usage(`[options] ${operands}`)
    .addHelpText('after', `\n${about}\n${statusHelp(command.name())}`);
  declareOptions(command, [...options, ...REACH_OPTIONS, JSON_OPTION], draft);
  command.option('--debug', 'show errors with their stack and causes');
  command.on('option:debug', () => {
    context.debug = true;
  });
  command.helpOption('--help', 'print this help');
  command.action(async (given: readonly string[]) => {
    const words = operands.split(' ');
    const needed = words.filter((word) => !word.startsWith('['));
    if (given.length < needed.length || given.length > words.length)
      throw failure('USAGE', { detail: `${operands} is needed` });
    try {
      context.status = await run(given, draft, context);
    } catch (error) {
      if (draft.json) context.stdout.write(errorJson(error, statusOfError(error)));
      throw error;
    }
  });
}
