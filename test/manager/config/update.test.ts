import fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { setInIni } from '../../../src/manager/config/edit-ini.ts';
import { loadConfiguration } from '../../../src/manager/config/load.ts';
import { type BarmanHome, barmanHome } from '../../support/barman-home.ts';
import { runInProcess } from '../../support/in-process.ts';

describe('setInIni', () => {
  const text =
    '; top\n[a]\nkey = 1\n[b]\nKey: 1\n  and more\n# between\n  and still more\n\nother = 2\n[a]\nlast = 3\n';

  it.each([
    ['a value, the last one that counts', 'a', 'last', text.replace('last = 3', 'last = new')],
    ['a value of several lines', 'b', 'key', text.replace(/Key: 1\n.*more\n.*\n.*more/, 'key = new')],
    ['a key that is not there', 'b', 'third', text.replace('[b]\n', '[b]\nthird = new\n')],
    [
      'a key that only another section has',
      'a',
      'other',
      text.replace('\n[a]\nlast', '\n[a]\nother = new\nlast'),
    ],
    ['a section that is not there', 'c', 'key', `${text}\n[c]\nkey = new\n`],
  ])('changes %s', (_what, section, key, expected) => {
    expect(setInIni(text, section, key, 'new')).toBe(expected);
  });

  it('begins a file', () => {
    expect(setInIni('', 'a', 'b', 'c')).toBe('[a]\nb = c\n');
  });
});

let home: BarmanHome;
beforeEach(() => {
  home = barmanHome({
    servers: {
      pg: 'description = old\nparallel_jobs = 2\n',
      calm: 'model = true\ncluster = pg\nparallel_jobs = 1\n',
    },
  });
  fs.mkdirSync(join(home.home, 'pg'));
});
afterEach(() => home.dispose());

const run = (...args: readonly string[]) => runInProcess('-c', home.config, ...args);
const options = () => loadConfiguration({ explicit: home.config, env: {} }).servers.get('pg')?.options;
const queue = (): string => join(home.home, 'cfg_changes.queue');

describe('config-update', () => {
  it('changes what a file sets there, and puts the rest into .barman.auto.conf', async () => {
    const change = { scope: 'server', server_name: 'pg', description: 'neu ä', check_timeout: 7 };
    const model = { scope: 'model', model_name: 'busy', cluster: 'pg', parallel_jobs: 8 };
    const { status, stdout, stderr } = await run('config-update', JSON.stringify([change, model]));
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain(
      "Changing value of option 'check_timeout' for section 'pg' from 'None' to '7' through config-update.\n",
    );
    expect(options()).toMatchObject({ description: 'neu ä', check_timeout: 7, parallel_jobs: 2 });
    expect(fs.readFileSync(home.config, 'utf8')).toContain('description = neu ä\nparallel_jobs = 2\n');
    expect(fs.readFileSync(join(home.home, '.barman.auto.conf'), 'utf8').split('\n').sort()).toEqual([
      '',
      '',
      '[busy]',
      '[pg]',
      'check_timeout = 7',
      'cluster = pg',
      'model = true',
      'parallel_jobs = 8',
    ]);
    expect(fs.readFileSync(queue(), 'utf8')).toBe('[]');
    expect((await run('config-switch', 'pg', 'busy')).stdout).toContain(
      "Changing value of option 'parallel_jobs' for server 'pg' from '2' to '8' through the model 'busy'\n",
    );
  });

  it('finishes what it was stopped at', async () => {
    const change = { key: 'description', value: 'later', config_file: home.config };
    fs.writeFileSync(queue(), JSON.stringify([{ section: 'pg', changes_set: [change] }]));
    expect(
      (await run('config-update', '[{"scope":"server","server_name":"pg","parallel_jobs":3}]')).status,
    ).toBe(0);
    expect(options()).toMatchObject({ description: 'later', parallel_jobs: 3 });
  });

  it.each([
    ['{', 'it is no JSON'],
    ['{}', 'it is no array of changes'],
    [
      '[{"scope":"server","server_name":"all","description":"x"}]',
      'a change of a server has no good server_name',
    ],
    ['[{"scope":"server","server_name":"pg","bla":"x"}]', '"bla" is no option of a server'],
    [
      '[{"scope":"server","server_name":"pg","description":"a\\nb"}]',
      'the value of "description" has more than one line',
    ],
    ['[{"scope":"server","server_name":"pg","parallel_jobs":"many"}]', '"many" is no parallel_jobs'],
    ['[{"scope":"model","model_name":"m","parallel_jobs":"1"}]', "model 'm' needs a cluster"],
    [
      '[{"scope":"model","model_name":"m","cluster":"pg","wals_directory":"/x"}]',
      '"wals_directory" is no option of a model',
    ],
    ['[{"scope":"model","model_name":"pg","cluster":"pg"}]', "'pg' is the name of a server"],
  ])('refuses %s', async (json, reason) => {
    const before = fs.readFileSync(home.config, 'utf8');
    const { status, stderr } = await run('config-update', json);
    expect(status).toBe(1);
    expect(stderr).toContain(`The configuration was not changed: ${reason}`);
    expect([fs.readFileSync(home.config, 'utf8'), fs.existsSync(queue())]).toEqual([before, false]);
  });
});

describe('config-switch', () => {
  it('switches to a model, stays there, and goes back', async () => {
    expect(await run('config-switch', 'pg', 'calm')).toEqual({
      status: 0,
      stdout:
        "Applying model 'calm' to server 'pg'\nChanging value of option 'parallel_jobs' for server 'pg' from '2' to '1' through the model 'calm'\n",
      stderr: '',
    });
    expect(fs.readFileSync(join(home.home, 'pg', '.active-model.auto'), 'utf8')).toBe('calm');
    expect(options()?.parallel_jobs).toBe(1);
    expect((await run('config-switch', 'pg', 'calm')).stdout).toContain('is already active');
    expect((await run('config-switch', 'pg', '--reset')).stdout).toBe(
      "Resetting the active model for the server pg\nChanging value of option 'parallel_jobs' for server 'pg' from '1' to '2'\n",
    );
    expect(fs.existsSync(join(home.home, 'pg', '.active-model.auto'))).toBe(false);
    expect((await run('config-switch', 'pg', '--reset')).stdout).toBe(
      'Resetting the active model for the server pg\n',
    );
  });

  it('refuses models of others, and nothing at all', async () => {
    fs.appendFileSync(home.config, '[other]\nmodel = on\ncluster = elsewhere\n');
    expect((await run('config-switch', 'pg', 'other')).stderr).toContain('is not compatible with');
    expect((await run('config-switch', 'pg', 'nix')).stderr).toBe("ERROR: Unknown model 'nix'\n");
    expect((await run('config-switch', 'pg')).stderr).toBe(
      "ERROR: Either a model name or '--reset' flag need to be given\n",
    );
  });
});
