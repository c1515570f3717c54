import type { Command } from 'commander';
import { verify } from '../../snapshot/index.ts';
import { type FilterSource, parseFilter } from '../../sync/filter.ts';
import { failure } from '../../system/errors.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit-status.ts';
import { type OptionRow, wholeNumber } from '../option-table.ts';
import { findingJson, findingLine, verificationJson, verificationLine } from '../render/finding.ts';
import { line } from '../render/json.ts';
import { canShowProgress, ProgressLine } from '../render/progress.ts';
import { defineRepositoryCommand, type RepositoryDraft } from './repository-command.ts';

const ABOUT = `Reads every file of snapshot ID, or of all snapshots of REPO, and compares it with the hash in the manifest; names what
is damaged, missing, added, unreadable or has other attributes. What snapshots share is read once. With --against SRC
the snapshot (without ID the newest) is also compared with its source: by size, time and attributes, with --checksum by
content. The filter rules are those that the snapshot was made with.`;

interface VerifyDraft extends RepositoryDraft {
  against: string | undefined;
  checksum: boolean;
  jobs: number | undefined;
  readonly filters: FilterSource[];
}

const rule = (option: FilterSource['option'], value: string, help: string): OptionRow<VerifyDraft> => ({
  flags: `--${option} <${value}>`,
  help,
  apply: ({ filters }, text) => void filters.push({ option, value: text }),
});

const OPTIONS: readonly OptionRow<VerifyDraft>[] = [
  {
    flags: '--against <source>',
    help: 'compare with SRC, too',
    apply: (draft, value) => {
      draft.against = value;
    },
  },
  {
    flags: '-c, --checksum',
    help: 'compare with SRC by content',
    apply: (draft) => {
      draft.checksum = true;
    },
  },
  rule('exclude', 'pattern', 'in SRC leave out what matches'),
  rule('include', 'pattern', 'keep what matches; the first rule that matches decides'),
  rule('filter', 'rule', 'add a filter rule'),
  rule('exclude-from', 'file', 'read exclude patterns from FILE, one to a line; - is standard input'),
  rule('include-from', 'file', 'read include patterns from FILE, one to a line'),
  {
    flags: '-j, --jobs <n>',
    help: 'read in N threads, each with its own connection (default 2)',
    apply: (draft, value) => {
      draft.jobs = wholeNumber('--jobs', value, 1);
    },
  },
];

/** `cellarman verify`. */
export function define(command: Command, context: Context): void {
  const draft: VerifyDraft = {
    options: {},
    json: false,
    against: undefined,
    checksum: false,
    jobs: undefined,
    filters: [],
  };
  defineRepositoryCommand(command, context, {
    operands: 'REPO [ID]',
    about: ABOUT,
    draft,
    options: OPTIONS,
    run,
  });
}

async function run(
  [repository = '', snapshot]: readonly string[],
  { options, json, against, checksum, jobs, filters }: VerifyDraft,
  { stdout, stderr, env, signal }: Context,
): Promise<number> {
  if (against === undefined && (checksum || filters.length > 0))
    throw failure('USAGE', { detail: '--checksum and filter rules need --against SRC' });
  const progress = !json && canShowProgress(stderr, env) ? new ProgressLine(stderr) : undefined;
  const print = (text: string): void => {
    progress?.clear();
    stdout.write(text);
  };
  const source = against ?? '';
  try {
    const { verifications, clean } = await verify(repository, {
      ...options,
      ...(snapshot === undefined ? {} : { snapshot }),
      ...(against === undefined ? {} : { against }),
      ...(jobs === undefined ? {} : { jobs }),
      ...(filters.length === 0 ? {} : { filter: parseFilter(filters) }),
      checksum,
      signal,
      onFinding: (finding) => print(json ? findingJson(finding) : findingLine(finding, source)),
      onProgress: (event) => progress?.update(event),
    });
    const status = clean ? EXIT.success : EXIT.different;
    for (const one of verifications) print(json ? verificationJson(one) : verificationLine(one, source));
    if (json) print(line({ type: 'report', status, clean }));
    return status;
  } finally {
    progress?.clear();
  }
}
