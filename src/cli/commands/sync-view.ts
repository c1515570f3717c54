import type { SyncOptions } from '../../sync/options.ts';
import type { SyncEvent, SyncReport } from '../../sync/report.ts';
import { BufferedOutput } from '../buffered-output.ts';
import type { Context } from '../context.ts';
import { statusOfError } from '../exit-status.ts';
import { renderError } from '../render/errors.ts';
import { errorJson, eventJson, reportJson } from '../render/json.ts';
import { grouped } from '../render/numbers.ts';
import { canShowProgress, ProgressLine } from '../render/progress.ts';
import { type Direction, renderStats, renderSummary } from '../render/stats.ts';
import { entryLine } from '../render/text.ts';
import type { SyncDraft } from './sync-draft.ts';

/** What a run of `sync` shows, while it goes on and at its end. */
export interface SyncView {
  readonly events: NonNullable<SyncOptions['events']>;
  readonly onEvent: (event: SyncEvent) => void;
  end(report: SyncReport, status: number): void;
  /** The error itself is told by whoever catches it; here only what belongs to the results. */
  fail(error: unknown): void;
}

export function startView(draft: SyncDraft, context: Context, direction: Direction): SyncView {
  const { json, quiet, stats, verbosity } = draft;
  const { checksum = false, times = false, delete: deleting = false } = draft.options;
  const line = wantsProgress(draft, context) ? new ProgressLine(context.stderr) : undefined;
  const results = new BufferedOutput(context.stdout, () => line?.clear());
  const tell = (text: string): void => {
    results.flush();
    line?.clear();
    context.stderr.write(text);
  };
  const lineOptions = { ...direction, checksum, times, verbosity, itemize: draft.itemize };

  return {
    events: wantedEvents(draft),
    onEvent(event) {
      if (json) results.write(eventJson(event));
      if (event.type === 'progress') line?.update(event);
      else if (event.type === 'problem') tell(renderError(event.error, context.debug));
      else if (event.type === 'warning') {
        if (!quiet) tell(`cellarman: ${event.message}\n`);
      } else if (!json && !quiet) {
        const text = entryLine(event, lineOptions);
        if (text !== undefined) results.write(text);
      }
    },
    end(report, status) {
      if (json) results.write(reportJson(report, status));
      else if (!quiet && stats) results.write(renderStats(report, { ...direction, deleting }));
      else if (!quiet && verbosity > 0) results.write(renderSummary(report, direction));
      results.flush();
      line?.clear();
      const summary = shortcomings(report);
      if (summary !== '') tell(`cellarman: ${summary}\n`);
    },
    fail(error) {
      if (json) results.write(errorJson(error, statusOfError(error)));
      results.flush();
      line?.clear();
    },
  };
}

function wantsProgress(draft: SyncDraft, { stderr, env }: Context): boolean {
  return !draft.json && !draft.quiet && draft.progress !== false && canShowProgress(stderr, env);
}

function wantedEvents({ json, quiet, verbosity, itemize }: SyncDraft): SyncView['events'] {
  if (json) return 'touched';
  if (quiet || verbosity + itemize === 0) return 'none';
  return verbosity > 1 || itemize > 1 ? 'all' : 'touched';
}

/** What the run left undone, in one sentence; empty where it left nothing. */
function shortcomings(report: SyncReport): string {
  const { failed, vanished, removalsSkipped, removalsStopped } = report;
  return [
    ...(failed > 0 ? [`${count(failed, 'path')} could not be transferred`] : []),
    ...(vanished > 0 ? [`${count(vanished, 'path')} vanished before being read`] : []),
    ...(removalsStopped ? ['nothing was deleted because the source could not be read in full'] : []),
    ...(removalsSkipped > 0
      ? [`${count(removalsSkipped, 'deletion')} left out because of --max-delete`]
      : []),
  ].join('; ');
}

const count = (number: number, noun: string): string =>
  `${grouped(number)} ${noun}${number === 1 ? '' : 's'}`;
