import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { manualPages } from '../../.config/manual/pages.ts';
import { bashCompletion } from '../../src/cli/completion/bash.ts';
import { fishCompletion } from '../../src/cli/completion/fish.ts';
import { zshCompletion } from '../../src/cli/completion/zsh.ts';
import { describeProgram, type ProgramDescription } from '../../src/cli/description.ts';
import { GLOBAL_OPTIONS, OWN_OPTIONS, SERVER_OPTIONS } from '../../src/manager/config/options.ts';
import { runInProcess as cellarman } from '../support/in-process.ts';
import { requireProgram } from '../support/programs.ts';
import { wholeProgramOfTest } from '../support/whole-program.ts';

let program: ProgramDescription;
let pages: ReadonlyMap<string, string>;
beforeAll(async () => {
  program = describeProgram(await wholeProgramOfTest());
  pages = await manualPages();
});

const page = (name: string): string => pages.get(name) ?? '';
/** As it stands in a page. */
const roff = (text: string): string => text.replaceAll('-', '\\-');

describe('help, manual pages and completion', () => {
  it('have the same commands', async () => {
    const { stdout: help } = await cellarman('--help');
    const scripts = [bashCompletion(program), zshCompletion(program), fishCompletion(program)];
    expect(program.commands.length).toBeGreaterThan(30);
    expect([...pages.keys()].sort()).toEqual(
      [
        'cellarman.1',
        'cellarman.conf.5',
        ...program.commands.map(({ name }) => `cellarman-${name}.1`),
      ].sort(),
    );
    for (const { name, aliases, summary } of program.commands) {
      for (const word of [name, ...aliases]) {
        expect(help).toMatch(new RegExp(`^ .*\\b${word}[| \\n]`, 'm'));
        expect(page('cellarman.1')).toContain(`\\fB${roff(word)}\\fR`);
        for (const script of scripts) expect(script).toMatch(new RegExp(`[ '|(]${word}[ :'|)]`));
      }
      expect(page(`cellarman-${name}.1`)).toContain(`.SH NAME\ncellarman\\-${roff(name)} \\- `);
      expect(summary).not.toBe('');
    }
  });

  it('have the same options and arguments of each command', async () => {
    const scripts = {
      bash: bashCompletion(program),
      zsh: zshCompletion(program),
      fish: fishCompletion(program),
    };
    for (const command of [...program.commands, { ...program, name: '' }]) {
      const { name, options, arguments: operands } = command;
      const help = (await cellarman(...(name === '' ? ['--help'] : ['help', name]))).stdout;
      const manual = page(name === '' ? 'cellarman.1' : `cellarman-${name}.1`);
      const line = (start: string): string => scripts.bash.split(start)[1]?.split('\n')[0] ?? '';
      const row =
        name === '' ? line("\n    '') ") : line(`\n    ${[name, ...command.aliases].join(' | ')}) `);
      const zsh = scripts.zsh.split(`\n    ${[name, ...command.aliases].join('|')})\n`)[1]?.split(';;')[0];
      for (const { names, help: text, flags } of options) {
        expect(text, `${name} ${flags}`).not.toBe('');
        if (name !== 'help') expect(help).toContain(`  ${flags}`);
        for (const flag of names) {
          expect(manual).toContain(`\\fB${roff(flag)}\\fR`);
          expect(row).toMatch(new RegExp(`[' ]${flag}[=' ]`));
          expect(zsh ?? scripts.zsh).toMatch(new RegExp(`['*]${flag}[=+[]`));
          expect(scripts.fish).toMatch(
            new RegExp(`-${flag.startsWith('--') ? 'l' : 's'} ${flag.replace(/^--?/, '')} `),
          );
        }
      }
      for (const { name: operand, help: text } of operands) {
        if (['operand', 'location', 'command'].includes(operand)) continue;
        expect(text, `${name} ${operand}`).not.toBe('');
        expect(help).toContain(`  ${operand} `);
        expect(manual).toContain(`\\fI${operand.toUpperCase()}\\fR`);
      }
    }
  });

  it.each([
    ['diagnose', 'Passwords in connection strings are hidden'],
    ['list-processes', 'Restores are not listed'],
    ['lock-directory-cleanup', 'what a process holds stays'],
    ['receive-wal', 'Not in this version: WAL comes by archive_command'],
    ['sync-backup', 'Not in this version'],
    ['sync-wals', 'Not in this version'],
    ['terminate-process', 'older backups and the archive stay as they are'],
  ])('tell what is to be known before %s is used', async (name, words) => {
    expect(program.commands.find((command) => command.name === name)?.about).toContain(words);
    expect((await cellarman('help', name)).stdout).toContain(words);
    expect(page(`cellarman-${name}.1`)).toContain(roff(words));
  });

  it('tell the exit statuses of every command', () => {
    for (const { name, about } of program.commands)
      if (name !== 'help') expect(about, name).toMatch(/^Exit status:/m);
  });
});

it('every command stands in the table of the README', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const table = readme.split('\n### Commands\n')[1]?.split('\n### ')[0] ?? '';
  const rows = table.split('\n').filter((line) => line.startsWith('| `'));
  const named = new Set(rows.flatMap((row) => [...row.matchAll(/`([\w-]+)`/g)].map(([, name]) => name)));
  for (const { name } of program.commands) if (name !== 'help') expect(named, name).toContain(name);
});

describe('the manual pages', () => {
  it('are all named in package.json, from where npm installs them', () => {
    const { man }: { readonly man: readonly string[] } = JSON.parse(
      readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
    );
    expect([...man].sort()).toEqual([...pages.keys()].map((name) => `./dist/man/${name}`).sort());
  });

  it('document every option of the configuration', () => {
    for (const key of [GLOBAL_OPTIONS, SERVER_OPTIONS, OWN_OPTIONS].flatMap((table) => Object.keys(table)))
      expect(page('cellarman.conf.5')).toContain(`.TP\n\\fB${key}\\fR\n`);
  });

  it('hold no line that roff would take for a request', () => {
    const requests = new Set(['TH', 'SH', 'SS', 'PP', 'TP', 'RS', 'RE', 'nf', 'fi', 'nh', 'ad']);
    for (const text of pages.values())
      for (const [, request = ''] of text.matchAll(/^[.'](\S*)/gm)) expect(requests).toContain(request);
  });

  it.skipIf(!requireProgram('mandoc'))('are good in the eyes of mandoc', () => {
    for (const [name, input] of pages) {
      const { stdout } = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning'], { input, encoding: 'utf8' });
      // They have none, so that the same sources make the same pages.
      expect(
        stdout.split('\n').filter((line) => line !== '' && !line.includes('missing date')),
        name,
      ).toEqual([]);
    }
  });

  it.skipIf(!requireProgram('mandoc'))('show what a shell shall get as it stands', () => {
    const { stdout } = spawnSync('mandoc', ['-T', 'utf8', '-O', 'width=200'], {
      input: page('cellarman-wal-archive.1'),
      encoding: 'utf8',
    });
    // Bold letters are struck twice.
    const text = stdout
      .split('\b')
      .map((struck, at, all) => (at < all.length - 1 ? struck.slice(0, -1) : struck))
      .join('');
    expect(text).toContain(
      "archive_command = 'cellarman wal-archive %p barman@backup:/var/lib/barman/main/incoming/'",
    );
    expect(text).toContain('--compression-level LEVEL');
    expect(text).toContain('sftp://[user@]host[:port]/PATH (/~/PATH below');
  });
});
