import type { Command } from 'commander';
import { parseLocation } from '../../ssh/location.ts';
import { parseFilter } from '../../sync/filter.ts';
import { sync } from '../../sync/index.ts';
import { failure } from '../../system/errors.ts';
import type { Context } from '../context.ts';
import { statusHelp, statusOfReport } from '../exit-status.ts';
import { declareOptions } from '../option-table.ts';
import { newDraft, type SyncDraft } from './sync-draft.ts';
import { SYNC_OPTIONS } from './sync-options.ts';
import { startView } from './sync-view.ts';

const AFTER = `
SRC and DEST are PATH, [user@]host:PATH or sftp://[user@]host[:port]/PATH, where
/~/PATH is below the home directory. At the other end an SFTP account is enough.
SRC/ with a slash at its end means what SRC holds, SRC without it SRC itself.

A rule of --filter is "- PATTERN" or "+ PATTERN", one of H, S, P and R with a
pattern, "!" to forget all rules so far, or ". FILE" to read rules from a file,
as rsync has them, with the modifiers ! s r p, and for files - + e n w as well.
Rules in files of each directory (":" and -F), the modifiers / and C are refused.

Examples:
    cellarman sync -a --delete /srv/data/ backup@db1:/backup/data
    cellarman sync -an --itemize-changes backup@db1:/srv/data /backup
${statusHelp('sync')}`;

/** `cellarman sync`. */
export function define(command: Command, context: Context): void {
  const draft = newDraft();
  command.argument('[location...]').usage('[options] SRC... DEST').addHelpText('after', AFTER);
  declareOptions(command, SYNC_OPTIONS, draft);
  command.option('--debug', 'show errors with their stack and causes');
  command.on('option:debug', () => {
    context.debug = true;
  });
  command.helpOption('--help', 'print this help');
  command.action(async (locations: readonly string[]) => {
    context.status = await runSync(locations, draft, context);
  });
}

async function runSync(locations: readonly string[], draft: SyncDraft, context: Context): Promise<number> {
  const destination = locations.at(-1);
  const sources = locations.slice(0, -1);
  if (destination === undefined || sources.length === 0)
    throw failure('USAGE', { detail: 'a source and a destination are needed' });
  check(draft);
  const { options, filters } = draft;
  const remote = (location: string): boolean => parseLocation(location).kind === 'remote';
  const view = startView(draft, context, {
    remoteSource: sources.some(remote),
    remoteDestination: remote(destination),
  });
  try {
    const report = await sync(sources, destination, {
      ...options,
      ...(filters.length > 0
        ? { filter: parseFilter(filters, { deleteExcluded: options.deleteExcluded ?? false }) }
        : {}),
      signal: context.signal,
      events: view.events,
      onEvent: view.onEvent,
    });
    const status = statusOfReport(report);
    view.end(report, status);
    return status;
  } catch (error) {
    view.fail(error);
    throw error;
  }
}

function check({ options, json, verbosity, itemize }: SyncDraft): void {
  const usage = (detail: string): Error => failure('USAGE', { detail });
  if (options.delete && !options.recursive)
    throw usage('--delete needs -r: a directory has to be read in full');
  const bases = [options.linkDest, options.copyDest, options.compareDest].filter(
    (basis) => basis !== undefined,
  );
  if (bases.length > 1) throw usage('--link-dest, --copy-dest and --compare-dest cannot be combined');
  if (json && verbosity + itemize > 0) throw usage('--json cannot be combined with -v, -i or --progress');
}
