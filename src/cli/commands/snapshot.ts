import type { Command } from 'commander';
import { snapshot } from '../../snapshot/index.ts';
import type { SnapshotReport } from '../../snapshot/options.ts';
import { parseLocation } from '../../ssh/location.ts';
import { parseFilter } from '../../sync/filter.ts';
import { failure } from '../../system/errors.ts';
import type { Context } from '../context.ts';
import { statusHelp, statusOfReport } from '../exit-status.ts';
import { declareOptions } from '../option-table.ts';
import { grouped, scaled } from '../render/numbers.ts';
import { newSnapshotDraft, SNAPSHOT_OPTIONS, type SnapshotDraft } from './snapshot-options.ts';
import { startView } from './sync-view.ts';

const AFTER = `
Makes REPO/<YYYYMMDDTHHMMSS>/, a copy of what SRC holds: files that are unchanged since the newest complete snapshot are
hard links to it. A manifest with the hash of every file goes to REPO/.cellarman/. A run that is interrupted leaves its
work, and the next one goes on with it. SRC and REPO: PATH, [user@]host:PATH or sftp://[user@]host[:port]/PATH, at
least one of them on this machine.

Examples:
    cellarman snapshot backup@db1:/srv/data /backup/db1 --keep 'RECOVERY WINDOW OF 14 DAYS'
${statusHelp('snapshot')}`;

/** `cellarman snapshot`. */
export function define(command: Command, context: Context): void {
  const draft = newSnapshotDraft();
  command.argument('[location...]').usage('[options] SRC REPO').addHelpText('after', AFTER);
  declareOptions(command, SNAPSHOT_OPTIONS, draft);
  command.option('--debug', 'show errors with their stack and causes');
  command.on('option:debug', () => {
    context.debug = true;
  });
  command.helpOption('--help', 'print this help');
  command.action(async (locations: readonly string[]) => {
    context.status = await run(locations, draft, context);
  });
}

async function run(locations: readonly string[], draft: SnapshotDraft, context: Context): Promise<number> {
  const [source, repository, more] = locations;
  if (source === undefined || repository === undefined || more !== undefined)
    throw failure('USAGE', { detail: 'one source and one repository are needed' });
  if (draft.json && draft.verbosity + draft.itemize > 0)
    throw failure('USAGE', { detail: '--json cannot be combined with -v, -i or --progress' });
  const { options, filters, keep, allowShrink } = draft;
  const remote = (location: string): boolean => parseLocation(location).kind === 'remote';
  const view = startView(draft, context, {
    remoteSource: remote(source),
    remoteDestination: remote(repository),
  });
  try {
    const report = await snapshot(source, repository, {
      ...options,
      ...(keep === undefined ? {} : { keep }),
      ...(filters.length > 0 ? { filter: parseFilter(filters) } : {}),
      allowShrink,
      signal: context.signal,
      events: view.events,
      onEvent: view.onEvent,
    });
    const status = statusOfReport(report);
    view.end(report, status);
    if (!draft.json && !draft.quiet) context.stdout.write(summary(report));
    return status;
  } catch (error) {
    view.fail(error);
    throw error;
  }
}

function summary(report: SnapshotReport): string {
  const { id, basis, resumed, dryRun, entries, totalBytes, pruned } = report;
  const { transferredFiles, transferredBytes, linkedFiles, linkedBytes } = report;
  const verb = dryRun ? 'would be made' : resumed ? 'made, going on with an interrupted one' : 'made';
  const linked =
    basis === undefined ? '' : `, ${grouped(linkedFiles)} linked to ${basis} (${scaled(linkedBytes)})`;
  const lines = [
    `snapshot ${id} ${verb}: ${grouped(entries.file)} files (${scaled(totalBytes)}), ${grouped(transferredFiles)} transferred (${scaled(transferredBytes)})${linked}`,
    ...pruned.map((old) => `snapshot ${old} ${dryRun ? 'would be removed' : 'removed'}`),
  ];
  return `${lines.join('\n')}\n`;
}
