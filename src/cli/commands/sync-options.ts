import type { FilterSource } from '../../sync/filter.ts';
import type { SyncOptions } from '../../sync/options.ts';
import { longName, type OptionRow, under, wholeNumber } from '../option-table.ts';
import { parseRate } from '../size.ts';
import { REACH_OPTIONS } from './reach-options.ts';
import type { SyncDraft } from './sync-draft.ts';
import { VIEW_OPTIONS } from './view-options.ts';

type Row = OptionRow<SyncDraft>;
type Switch = { [K in keyof SyncOptions]-?: true extends SyncOptions[K] ? K : never }[keyof SyncOptions];

const on = (flags: string, key: Switch, help: string): Row => ({
  flags,
  help,
  apply: ({ options }) => {
    options[key] = true;
  },
});

/** A part of `-a` with its two negations, `--no-x` and `--no-long-name`. */
const part = (letter: string, long: string, key: Switch, help: string): readonly Row[] => [
  on(`-${letter}, --${long}`, key, help),
  ...[letter, long].map((name) => ({
    flags: `--no-${name}`,
    apply: ({ options }: SyncDraft) => {
      options[key] = false;
    },
  })),
];

const filter = (option: FilterSource['option'], value: string, help: string): Row => ({
  flags: `--${option} <${value}>`,
  help,
  apply: ({ filters }, text) => void filters.push({ option, value: text }),
});

const basis = (flags: string, key: 'linkDest' | 'copyDest' | 'compareDest', help: string): Row => ({
  flags,
  help,
  apply: ({ options }, value) => {
    options[key] = [...(options[key] ?? []), value];
  },
});

const text = (flags: string, key: 'manifest' | 'basisManifest', help: string): Row => ({
  flags,
  help,
  apply: ({ options }, value) => {
    options[key] = value;
  },
});

const number = (
  flags: string,
  key: 'modifyWindow' | 'maxDelete' | 'jobs',
  least: number,
  help: string,
): Row => ({
  flags,
  help,
  apply: ({ options }, value) => {
    options[key] = wholeNumber(longName(flags), value, least);
  },
});

const ARCHIVE = { recursive: true, links: true, perms: true, times: true, group: true, owner: true } as const;

/** Every option of `sync` in the order of the help. Letters and meanings are rsync(1)'s unless the help says otherwise. */
export const SYNC_OPTIONS: readonly Row[] = [
  ...under('What is kept:', [
    {
      flags: '-a, --archive',
      help: 'the same as -rlptgo; --no-PART behind it takes a part away, as in -a --no-o',
      apply: ({ options }) => void Object.assign(options, ARCHIVE),
    },
    ...part('r', 'recursive', 'recursive', 'copy directories with all they hold'),
    ...part('l', 'links', 'links', 'copy symbolic links as such; without it they are left out'),
    ...part('p', 'perms', 'perms', 'keep permissions'),
    ...part(
      't',
      'times',
      'times',
      'keep modification times; without it the next run copies everything again',
    ),
    ...part('g', 'group', 'group', 'keep the group'),
    ...part('o', 'owner', 'owner', 'keep the owner; needs the right to give files away'),
    on('-H, --hard-links', 'hardLinks', 'what is one file under several names in SRC becomes one file again'),
    on('--numeric-ids', 'numericIds', 'keep the numbers of users and groups, do not match their names'),
  ]),
  ...under('What is transferred:', [
    on('-n, --dry-run', 'dryRun', 'change nothing, show what would be done'),
    on('-c, --checksum', 'checksum', 'compare files of equal size by content, not by time'),
    on('-I, --ignore-times', 'ignoreTimes', 'transfer files even where size and time are equal'),
    on('--size-only', 'sizeOnly', 'take files of equal size for equal'),
    number(
      '-@, --modify-window <seconds>',
      'modifyWindow',
      -1,
      'take times that differ by no more than this for equal; -1 compares as finely as both sides can',
    ),
    on('-u, --update', 'update', 'leave files alone that are newer in DEST'),
    on('-x, --one-file-system', 'oneFileSystem', 'do not enter other file systems'),
  ]),
  ...under('What is there already:', [
    basis('--link-dest <dir>', 'linkDest', 'hard-link files unchanged in DIR, relative to DEST; repeatable'),
    basis('--copy-dest <dir>', 'copyDest', 'copy files unchanged in DIR from there; repeatable'),
    basis('--compare-dest <dir>', 'compareDest', 'leave out files unchanged in DIR; repeatable'),
  ]),
  ...under('What is deleted:', [
    on(
      '--delete',
      'delete',
      'delete from DEST what SRC does not have: after the transfer, and only if all of SRC could be read',
    ),
    {
      flags: '--delete-excluded',
      help: '--delete, and delete also what is excluded',
      apply: ({ options }) => void Object.assign(options, { delete: true, deleteExcluded: true }),
    },
    number('--max-delete <n>', 'maxDelete', 0, 'delete no more than N files and directories (status 25)'),
  ]),
  ...under('What takes part:', [
    filter('exclude', 'pattern', 'leave out what matches'),
    filter('include', 'pattern', 'keep what matches; the first rule that matches decides'),
    filter('filter', 'rule', 'add a filter rule'),
    filter('exclude-from', 'file', 'read exclude patterns from FILE, one to a line; - is standard input'),
    filter('include-from', 'file', 'read include patterns from FILE, one to a line'),
  ]),
  ...under('How it is done:', [
    {
      flags: '--bwlimit <rate>',
      help: 'transfer no more than this a second: 500K, 1.5m, 2GB; KiB without unit; 0 is no limit',
      apply: ({ options }, value) => {
        options.bandwidthLimit = parseRate(value);
      },
    },
    on('--fsync', 'fsync', 'have everything on the disk before the end'),
    on('--mkpath', 'makePath', 'make all missing directories above DEST, not just the last one'),
    number('-j, --jobs <n>', 'jobs', 1, 'transfer in N threads, each with its own connection (default 2)'),
    text('--manifest <file>', 'manifest', 'write what DEST then holds, with hashes, to FILE on this machine'),
    text('--basis-manifest <file>', 'basisManifest', 'read what DEST holds from FILE, written by --manifest'),
  ]),
  ...under('How hosts are reached:', REACH_OPTIONS),
  ...under('What is shown:', VIEW_OPTIONS),
];
