import { failure } from '../../system/errors.ts';
import type { OptionRow } from '../option-table.ts';
import type { SyncDraft } from './sync-draft.ts';

/** What a run of `sync` shows. */
export const VIEW_OPTIONS: readonly OptionRow<SyncDraft>[] = [
  {
    flags: '-v, --verbose',
    help: 'list what is transferred; twice: also what is only linked or altered',
    apply: (draft) => {
      draft.verbosity += 1;
    },
  },
  {
    flags: '-i, --itemize-changes',
    help: 'list every change with its kind; twice: also what is only linked',
    apply: (draft) => {
      draft.itemize += 1;
    },
  },
  {
    flags: '-q, --quiet',
    help: 'print nothing but errors',
    apply: (draft) => {
      draft.quiet = true;
    },
  },
  {
    flags: '--stats',
    help: 'print counts and sizes at the end',
    apply: (draft) => {
      draft.stats = true;
    },
  },
  {
    flags: '--progress',
    help: 'list names, and show on a terminal how far the run is',
    apply: (draft) => {
      draft.progress = true;
      draft.verbosity = Math.max(draft.verbosity, 1);
    },
  },
  {
    flags: '--no-progress',
    help: 'do not show how far the run is',
    apply: (draft) => {
      draft.progress = false;
    },
  },
  {
    flags: '--info <flags>',
    help: 'progress2, the only flag: show on a terminal how far the run is, which is the default there',
    apply: (draft, value) => {
      if (value !== 'progress2')
        throw failure('USAGE', { detail: `--info=${value} is not known; only progress2 is` });
      draft.progress = true;
    },
  },
  {
    flags: '--json',
    help: 'print one JSON object a line: every event, and at last the report',
    apply: (draft) => {
      draft.json = true;
    },
  },
];
