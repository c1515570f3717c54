import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeProgram, type ProgramDescription } from '../../src/cli/description.ts';
import { type BarmanHome, barmanHome } from '../support/barman-home.ts';
import { MAIN } from '../support/built-cli.ts';
import { runInProcess as cellarman } from '../support/in-process.ts';
import { requireProgram } from '../support/programs.ts';
import { wholeProgramOfTest } from '../support/whole-program.ts';

/** Each would do something if a shell read it as anything but a name. */
const SPITEFUL = ['$(touch pwned)', "it's; touch pwned", 'two `touch pwned` words'];

let home: BarmanHome;
let program: ProgramDescription;
let env: NodeJS.ProcessEnv;
let backups: string[];

beforeAll(async () => {
  home = barmanHome({
    catalogues: { pg: 'barman-3.17/pg', [SPITEFUL[0] ?? '']: 'barman-3.17/inc' },
    servers: { plain: '', [SPITEFUL[1] ?? '']: '', [SPITEFUL[2] ?? '']: '' },
  });
  const bin = join(home.dir, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'cellarman'), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`);
  chmodSync(join(bin, 'cellarman'), 0o755);
  env = { PATH: `${bin}${delimiter}${process.env['PATH']}`, HOME: home.dir, LANG: 'C.UTF-8', TERM: 'dumb' };
  program = describeProgram(await wholeProgramOfTest());
  for (const shell of ['bash', 'zsh', 'fish'])
    writeFileSync(join(home.dir, shell), (await cellarman('completion', shell)).stdout);
  const { stdout } = await cellarman('-c', home.config, 'list-backups', '--minimal', 'pg');
  backups = stdout.trim().split('\n');
});
afterAll(() => home.dispose());

const run = (shell: string, args: readonly string[]): string[] => {
  const { stdout, stderr, error } = spawnSync(shell, args, { env, cwd: home.dir, encoding: 'utf8' });
  if (error) throw error;
  expect(stderr).toBe('');
  expect(existsSync(join(home.dir, 'pwned'))).toBe(false);
  return stdout.split('\n').filter((line) => line !== '');
};

const names = (): string[] => program.commands.flatMap(({ name, aliases }) => [name, ...aliases]);
const optionsOf = (wanted: string): string[] =>
  program.commands.find(({ name }) => name === wanted)?.options.flatMap((option) => option.names) ?? [];

it('refuses other shells', async () => {
  const { status, stderr } = await cellarman('completion', 'tcsh');
  expect(status).toBe(1);
  expect(stderr).toContain('Allowed choices are bash, zsh, fish');
});

describe('in bash', () => {
  const DRIVER =
    'set -u; source ./bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _cellarman; printf "%s\\n" "$' +
    '{COMPREPLY[@]-}"';
  /** The words as bash splits them, the last one being completed. */
  const complete = (...words: readonly string[]): string[] =>
    run('bash', ['--norc', '--noprofile', '-c', DRIVER, '-', 'cellarman', ...words]);
  const withConfig = (...words: readonly string[]): string[] => complete('-c', home.config, ...words);

  it('completes commands and their other names', () => {
    expect(complete('').sort()).toEqual(names().sort());
    expect(complete('reco')).toEqual(['recover']);
    expect(complete('help', 'list-s')).toEqual(['list-servers', 'list-server']);
  });

  it('completes options, also behind another name of the command', () => {
    expect(complete('-')).toEqual(program.options.flatMap((option) => option.names));
    expect(complete('backup', 'pg', '-')).toEqual(optionsOf('backup'));
    expect(complete('recover', '--target-t')).toEqual(['--target-time', '--target-tli']);
    expect(complete('backup', '--', '--n')).toEqual([]);
  });

  it('completes the values of options', () => {
    expect(complete('--format', 'js')).toEqual(['json']);
    expect(complete('--format', '=', 'js')).toEqual(['json']);
    expect(complete('--format', '=')).toEqual(['console', 'json']);
    expect(complete('--format=js')).toEqual(['--format=json']);
    expect(complete('restore', '--target-action', 'p')).toEqual(['pause', 'promote']);
    expect(complete('terminate-process', 'pg', 'cr')).toEqual(['cron']);
    expect(complete('backup', '--name', '')).toEqual([]);
  });

  it('completes servers', () => {
    expect(withConfig('backup', 'p')).toEqual(['pg', 'plain']);
    expect(withConfig('backup', 'pg', 'a')).toEqual(['all']);
    expect(withConfig('restore', '-j', '4', 'a')).toEqual([]);
    expect(complete('--config', '=', home.config, 'check', 'pl')).toEqual(['plain']);
  });

  it('completes backups', () => {
    expect(withConfig('show-backup', 'pg', '2')).toEqual(backups);
    expect(withConfig('show-backup', 'pg', backups[1] ?? '')).toEqual([backups[1]]);
    expect(withConfig('restore', 'pg', '')).toEqual(['latest', 'oldest', 'auto', ...backups]);
    expect(withConfig('delete', 'pg', 'latest', 'o')).toEqual(['oldest']);
  });

  it('evaluates nothing that a name holds', () => {
    const quoted = withConfig('check', '');
    const [back] = spawnSync('bash', ['-c', `printf '%s\\n' ${quoted.join(' ')}`], {
      encoding: 'utf8',
    }).stdout.split('\n\n');
    expect(back?.trim().split('\n').sort()).toEqual(['all', 'pg', 'plain', ...SPITEFUL].sort());
    expect(withConfig('show-backup', '\\$\\(touch\\ pwned\\)', 'l')).toEqual([
      'latest',
      'last-full',
      'last-failed',
    ]);
    expect(withConfig('show-backup', "'$(touch pwned)'", '2').length).toBeGreaterThan(0);
    expect(withConfig('check', '"$(touch')).toEqual([]);
  });

  it('is silent where cellarman fails', () => {
    expect(complete('-c', '/nowhere', 'check', '')).toEqual(['all']);
  });
});

describe.skipIf(!requireProgram('fish'))('in fish', () => {
  const complete = (line: string): string[] =>
    run('fish', ['--no-config', '-c', 'source ./fish; complete -C "$argv"', line]);
  const words = (line: string): string[] => complete(line).map((found) => found.split('\t')[0] ?? '');
  const withConfig = (line: string): string[] => words(`cellarman -c ${home.config} ${line}`);

  it('completes commands with what they do, and options', () => {
    expect(words('cellarman ').sort()).toEqual(names().sort());
    expect(complete('cellarman rec')).toContain(
      `recover\t${program.commands.find(({ name }) => name === 'restore')?.summary}`,
    );
    expect(words('cellarman help list-s').sort()).toEqual(['list-server', 'list-servers']);
    const long = optionsOf('backup').filter((name) => name.startsWith('--'));
    expect(words('cellarman backup pg --').sort()).toEqual(long.sort());
    expect(words('cellarman recover --target-t').sort()).toEqual(['--target-time', '--target-tli']);
  });

  it('completes the values of options', () => {
    expect(words('cellarman --format ').sort()).toEqual(['console', 'json']);
    expect(words('cellarman --format=')).toEqual(['--format=console', '--format=json']);
    expect(words('cellarman restore --target-action p').sort()).toEqual(['pause', 'promote']);
    expect(words('cellarman terminate-process pg cr')).toEqual(['cron']);
  });

  it('completes servers and backups, and evaluates nothing that a name holds', () => {
    expect(withConfig('backup pg ').sort()).toEqual([...SPITEFUL, 'all', 'pg', 'plain'].sort());
    expect(withConfig('restore -j 4 pl')).toEqual(['plain']);
    expect(withConfig('restore pg ')).toEqual(['latest', 'oldest', 'auto', ...backups]);
    expect(withConfig("show-backup '$(touch pwned)' 2").length).toBeGreaterThan(0);
    expect(words('cellarman -c /nowhere check ')).toEqual(['all']);
  });
});

describe.skipIf(!requireProgram('zsh'))('in zsh', () => {
  // A zsh on a terminal of its own, where a key completes the line and what is offered goes to a file.
  const DRIVER = `
    zmodload zsh/zpty zsh/zselect
    rm -f offered done ready
    zpty -b inner zsh -f -i
    zpty -w inner 'PS1=; source ./setup'
    until [[ -e ready ]]; do zpty -r -t inner seen; zselect -t 2; done
    zpty -w -n inner "$1"$'\\x14'
    until [[ -e done ]]; do zpty -r -t inner seen; zselect -t 2; done
    zpty -d inner
    cat offered`;
  const SETUP = [
    'autoload -Uz compinit && compinit -u -D',
    'source ./zsh',
    'compadd() {',
    '  if [[ $' + '{(j: :)@} == *-[OAD]\\ * ]]; then builtin compadd "$@"; return; fi',
    '  local -a found',
    '  builtin compadd -A found "$@"',
    '  print -rl -- $found >> offered',
    '  builtin compadd "$@"',
    '}',
    "zstyle ':completion:*' completer _complete",
    'report() { zle complete-word; touch offered done }',
    'zle -N report',
    "bindkey '^T' report",
    'touch ready',
  ].join('\n');
  const complete = (line: string): string[] => run('zsh', ['-f', '-c', DRIVER, '-', line]);
  const withConfig = (line: string): string[] => complete(`cellarman -c ${home.config} ${line}`);
  beforeAll(() => writeFileSync(join(home.dir, 'setup'), SETUP));

  it('completes commands and options', () => {
    expect(complete('cellarman ').sort()).toEqual(names().sort());
    expect(complete('cellarman help list-s')).toEqual(['list-servers', 'list-server']);
    expect(complete('cellarman backup pg -').sort()).toEqual(optionsOf('backup').sort());
    expect(complete('cellarman recover --target-t')).toEqual(['--target-time', '--target-tli']);
  });

  it('completes the values of options', () => {
    expect(complete('cellarman --format=')).toEqual(['console', 'json']);
    expect(complete('cellarman restore --target-action p')).toEqual(['pause', 'promote']);
    expect(complete('cellarman terminate-process pg cr')).toEqual(['cron']);
  });

  it('completes servers and backups, and evaluates nothing that a name holds', () => {
    const quoted = withConfig('backup pg ');
    const { stdout } = spawnSync('zsh', ['-f', '-c', `print -rl -- ${quoted.join(' ')}`], {
      encoding: 'utf8',
    });
    expect(stdout.trim().split('\n').sort()).toEqual([...SPITEFUL, 'all', 'pg', 'plain'].sort());
    expect(withConfig('restore -j 4 pl')).toEqual(['plain']);
    expect(withConfig('restore pg ')).toEqual(['latest', 'oldest', 'auto', ...backups]);
    expect(withConfig("show-backup '$(touch pwned)' 2").length).toBeGreaterThan(0);
    expect(complete('cellarman -c /nowhere check ')).toEqual(['all']);
  });
});
