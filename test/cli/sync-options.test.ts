import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { newDraft, type SyncDraft } from '../../src/cli/commands/sync-draft.ts';
import { SYNC_OPTIONS } from '../../src/cli/commands/sync-options.ts';
import { declareOptions } from '../../src/cli/option-table.ts';

function parse(...args: string[]): SyncDraft & { readonly locations: string[] } {
  const draft = newDraft();
  const command = new Command().argument('[location...]').helpOption('--help').exitOverride();
  command.configureOutput({ writeErr: () => undefined });
  declareOptions(command, SYNC_OPTIONS, draft);
  command.action(() => undefined).parse(args, { from: 'user' });
  return { ...draft, locations: command.args };
}
const options = (...args: string[]) => parse(...args).options;

const ARCHIVE = { recursive: true, links: true, perms: true, times: true, group: true, owner: true };

describe('the options of sync', () => {
  it('bundle, with a value behind the last one', () => {
    const draft = parse('-avne', 'ssh -p 2222', 'a', 'b');
    expect(draft.options).toEqual({ ...ARCHIVE, dryRun: true, rsh: 'ssh -p 2222' });
    expect(draft.verbosity).toBe(1);
    expect(draft.locations).toEqual(['a', 'b']);
    expect(options('-rj4')).toEqual({ recursive: true, jobs: 4 });
    expect(options('-r@-1')).toEqual({ recursive: true, modifyWindow: -1 });
    expect(options('-@', '-1')).toEqual({ modifyWindow: -1 });
  });

  it.each([
    ['-r', '--recursive', { recursive: true }],
    ['-l', '--links', { links: true }],
    ['-p', '--perms', { perms: true }],
    ['-t', '--times', { times: true }],
    ['-g', '--group', { group: true }],
    ['-o', '--owner', { owner: true }],
    ['-a', '--archive', ARCHIVE],
    ['-H', '--hard-links', { hardLinks: true }],
    ['-n', '--dry-run', { dryRun: true }],
    ['-c', '--checksum', { checksum: true }],
    ['-I', '--ignore-times', { ignoreTimes: true }],
    ['-u', '--update', { update: true }],
    ['-x', '--one-file-system', { oneFileSystem: true }],
    ['--size-only', '--size-only', { sizeOnly: true }],
    ['--numeric-ids', '--numeric-ids', { numericIds: true }],
    ['--delete', '--delete', { delete: true }],
    ['--delete-excluded', '--delete-excluded', { delete: true, deleteExcluded: true }],
    ['--fsync', '--fsync', { fsync: true }],
    ['--mkpath', '--mkpath', { makePath: true }],
  ])('%s and %s', (short, long, expected) => {
    expect(options(short)).toEqual(expected);
    expect(options(long)).toEqual(expected);
  });

  it.each([
    [['--link-dest=a', '--link-dest', '../b'], { linkDest: ['a', '../b'] }],
    [['--copy-dest=a'], { copyDest: ['a'] }],
    [['--compare-dest=a'], { compareDest: ['a'] }],
    [['--max-delete=0'], { maxDelete: 0 }],
    [['--modify-window=2'], { modifyWindow: 2 }],
    [['--bwlimit=1.5m'], { bandwidthLimit: 1572864 }],
    [['--timeout=30'], { timeout: 30 }],
    [['--jobs=3'], { jobs: 3 }],
    [['--manifest=m', '--basis-manifest=b'], { manifest: 'm', basisManifest: 'b' }],
    [['--rsh=ssh -v'], { rsh: 'ssh -v' }],
    [['--password-file=p'], { passwordFile: 'p' }],
    [['--identity=i', '--identity=j'], { identityFiles: ['i', 'j'] }],
    [['--known-hosts=k'], { knownHostsFiles: ['k'] }],
    [['--cipher=a,b', '--cipher=c'], { ciphers: ['a', 'b', 'c'] }],
  ])('%j', (args, expected) => {
    expect(options(...args)).toEqual(expected);
  });

  it('let the later of an option and its negation win', () => {
    expect(options('-a', '--no-o', '--no-group')).toEqual({ ...ARCHIVE, owner: false, group: false });
    expect(options('--no-perms', '-a')).toEqual(ARCHIVE);
    for (const [letter, name, key] of [
      ['r', 'recursive', 'recursive'],
      ['l', 'links', 'links'],
      ['p', 'perms', 'perms'],
      ['t', 'times', 'times'],
      ['g', 'group', 'group'],
      ['o', 'owner', 'owner'],
    ] as const) {
      expect(options('-a', `--no-${letter}`)).toEqual({ ...ARCHIVE, [key]: false });
      expect(options('-a', `--no-${name}`)).toEqual({ ...ARCHIVE, [key]: false });
    }
  });

  it('keep the filters in their order, also where a value looks like an option', () => {
    const { filters } = parse(
      '--include=*/',
      '--filter',
      '- *.o',
      '--exclude',
      '-x',
      '--exclude-from=f',
      '--include-from',
      'g',
    );
    expect(filters).toEqual([
      { option: 'include', value: '*/' },
      { option: 'filter', value: '- *.o' },
      { option: 'exclude', value: '-x' },
      { option: 'exclude-from', value: 'f' },
      { option: 'include-from', value: 'g' },
    ]);
  });

  it('say what is shown', () => {
    expect(parse('-vv', '-ii', '-q', '--stats', '--json')).toMatchObject({
      verbosity: 2,
      itemize: 2,
      quiet: true,
      stats: true,
      json: true,
      progress: undefined,
    });
    expect(parse('--progress')).toMatchObject({ progress: true, verbosity: 1 });
    expect(parse('--info=progress2')).toMatchObject({ progress: true, verbosity: 0 });
    expect(parse('--progress', '--no-progress')).toMatchObject({ progress: false });
  });

  it('end at --', () => {
    expect(parse('-r', '--', '-a', 'b').locations).toEqual(['-a', 'b']);
  });

  it.each([['-z'], ['-h'], ['-D'], ['--foo'], ['--delete-after'], ['--no-v'], ['-arz']])(
    'do not include %s',
    (arg) => {
      expect(() => parse(arg, 'a', 'b')).toThrow(/unknown option/);
    },
  );

  it.each([
    ['--max-delete=-1'],
    ['--max-delete=x'],
    ['--jobs=0'],
    ['--timeout=1.5'],
    ['-@-2'],
    ['--info=stats'],
    ['--bwlimit=511b'],
    ['--bwlimit=fast'],
  ])('refuse %s', (arg) => {
    expect(() => parse(arg)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});
