import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { barman, requireBarman } from '../support/barman.ts';
import { type BarmanHome, barmanHome } from '../support/barman-home.ts';
import { runInProcess as cellarman } from '../support/in-process.ts';
import { postgresAvailable, startPostgres } from '../support/postgres.ts';

let home: BarmanHome;
beforeAll(() => {
  home = barmanHome({
    servers: {
      pg: 'description = "Main PG Server"\nlast_backup_maximum_age = 1 day\n',
      asleep: 'active = false\ndescription = Ünused\n',
      bad: 'ssh_command = ssh x\n',
      plain: 'conninfo = postgresql://u:secret@127.0.0.1:1/db\n',
      spoken: "conninfo = host=127.0.0.1 port=1 password='se cret' user=x\n",
    },
  });
});
afterAll(() => home.dispose());

describe('list-servers', () => {
  it('shows descriptions and what is unusual', async () => {
    expect(await cellarman('-c', home.config, 'list-servers')).toEqual({
      status: 0,
      stderr: '',
      stdout: 'asleep - Ünused (inactive)\nbad -  (WARNING: disabled)\npg - Main PG Server\nplain\nspoken\n',
    });
    expect((await cellarman('-c', home.config, 'list-server', '--minimal')).stdout).toBe(
      'asleep\nbad\npg\nplain\nspoken\n',
    );
    expect((await cellarman('-c', home.config, '-f', 'json', 'list-servers')).stdout).toBe(
      '{"asleep": {"description": "\\u00dcnused (inactive)"}, "bad": {"description": " (WARNING: disabled)"}, ' +
        '"pg": {"description": "Main PG Server"}, "plain": {"description": ""}, "spoken": {"description": ""}}',
    );
  });
});

describe('show-servers', () => {
  it('hides passwords on the console', async () => {
    const { stdout } = await cellarman('-c', home.config, 'show-servers', 'plain', 'spoken');
    expect(stdout).not.toContain('cret');
    expect(stdout).toContain('\tconninfo: postgresql://u:*REDACTED*@127.0.0.1:1/db\n');
    expect(stdout).toContain('\tstreaming_conninfo: host=127.0.0.1 port=1 password=*REDACTED* user=x\n');
  });

  it('hides them in JSON as well', async () => {
    const { stdout } = await cellarman('-c', home.config, '-f', 'json', 'show-servers', 'plain', 'spoken');
    expect(stdout).not.toContain('cret');
    expect(JSON.parse(stdout).plain.conninfo).toBe('postgresql://u:*REDACTED*@127.0.0.1:1/db');
  });

  it('tells why a server is disabled', async () => {
    const { stdout, status } = await cellarman('-c', home.config, 'show-server', 'bad');
    expect(stdout).toMatch(/^Server bad \(WARNING: disabled\):\n/);
    expect(stdout).toContain('\tdisabled because: Local copy requires ssh_command');
    expect(status).toBe(0);
  });

  describe.skipIf(!requireBarman())('beside the installed Barman', () => {
    it('says the same in JSON of everything both know', async () => {
      const ours = JSON.parse(
        (await cellarman('-c', home.config, '-f', 'json', 'show-servers', 'pg')).stdout,
      ).pg;
      const theirs = JSON.parse(barman(home.config, '-f', 'json', 'show-servers', 'pg').stdout).pg;
      const shared = Object.keys(theirs).filter((key) => key in ours);
      const only = (from: Record<string, unknown>) =>
        Object.fromEntries(shared.map((key) => [key, from[key]]));
      expect(only(ours)).toEqual(only(theirs));
      expect(shared.length).toBeGreaterThan(75);
    });
  });
});

describe.skipIf(!requireBarman() || !postgresAvailable())('show-servers of a running PostgreSQL', () => {
  // What moves between two looks, and rates that Barman gives as text with twenty digits.
  const MOVING = new Set(['current_lsn', 'current_size', 'current_archived_wals_per_second', 'stats_reset']);

  it('says the same as the installed Barman', async () => {
    const postgres = await startPostgres({
      major: 15,
      settings: { archive_mode: 'on', archive_command: 'true' },
    });
    const live = barmanHome({ servers: { pg: `conninfo = ${postgres.conninfo}\n` } });
    try {
      const run = await cellarman('-c', live.config, '-f', 'json', 'show-servers', 'pg');
      const ours: Record<string, unknown> = JSON.parse(run.stdout).pg;
      const theirs: Record<string, unknown> = JSON.parse(
        barman(live.config, '-f', 'json', 'show-servers', 'pg').stdout,
      ).pg;
      expect(ours['postgres_systemid']).toMatch(/^\d+$/);
      const shared = Object.keys(theirs).filter((key) => key in ours && !MOVING.has(key));
      const only = (from: Record<string, unknown>) =>
        Object.fromEntries(shared.map((key) => [key, from[key]]));
      expect(only(ours)).toEqual(only(theirs));
      expect(shared).toContain('archive_command');
      expect(shared).toContain('has_backup_privileges');
    } finally {
      live.dispose();
      await postgres.stop();
    }
  });
});

describe('a wrong command line', () => {
  it.each([
    [['list-backups']],
    [['-f', 'xml', 'list-backups', 'pg']],
    [['show-backup', 'pg', 'latest', 'more']],
  ])('%j ends with 2', async (args) => {
    const { status, stderr } = await cellarman('-c', home.config, ...args);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^cellarman: .*\ncellarman: see "cellarman /);
  });
});

describe('without a configuration', () => {
  it('names where it looked', async () => {
    expect(await cellarman('-c', '/nonexistent', 'list-servers')).toEqual({
      status: 1,
      stdout: '',
      stderr: 'ERROR: there is no configuration file: none of /nonexistent exists; name one with -c FILE\n',
    });
  });
});
