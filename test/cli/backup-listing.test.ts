import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { barman, isModernBarman, requireBarman } from '../support/barman.ts';
import { type BarmanHome, barmanHome } from '../support/barman-home.ts';
import { runInProcess as cellarman } from '../support/in-process.ts';

interface Recorded {
  readonly list: string;
  readonly minimal: string;
  readonly json: unknown;
  readonly show: Readonly<Record<string, string>>;
  readonly showJson: Readonly<Record<string, unknown>>;
}

const GLOBAL = 'retention_policy = REDUNDANCY 2\nminimum_redundancy = 1\n';

/** What Barman 3.17 said of the same catalogues. */
const RECORDED: Readonly<Record<string, Recorded>> = JSON.parse(
  readFileSync(new URL('../../fixtures/catalogue/barman-3.17/expected.json', import.meta.url), 'utf8'),
);

describe('a catalogue of Barman 3.17', () => {
  let home: BarmanHome;
  beforeAll(() => {
    home = barmanHome({ catalogues: { pg: 'barman-3.17/pg', inc: 'barman-3.17/inc' }, global: GLOBAL });
  });
  afterAll(() => home.dispose());

  const run = (...args: string[]) => cellarman('-c', home.config, ...args);

  describe.each(Object.entries(RECORDED))('%s', (server, recorded) => {
    it('is listed in the same words', async () => {
      const { status, stdout, stderr } = await run('list-backups', server);
      expect({ status, stdout }).toEqual({ status: 0, stdout: recorded.list });
      // The recorded catalogues have an index only.
      for (const line of stderr.trimEnd().split('\n')) expect(line).toMatch(/^WARNING: .* is missing/);
      expect((await run('list-backup', '--minimal', server)).stdout).toBe(recorded.minimal);
    });

    it('is listed with the same JSON', async () => {
      const { stdout } = await run('-f', 'json', 'list-backups', server);
      expect(JSON.parse(stdout)).toEqual({ [server]: recorded.json, _WARNING: expect.any(Array) });
    });

    it.each(Object.keys(recorded.show))('%s is shown in the same words', async (id) => {
      expect(await run('show-backup', server, id)).toEqual({
        status: 0,
        stderr: '',
        // Behind an unfinished backup without error Barman leaves an empty line.
        stdout: `${recorded.show[id]?.trimEnd()}\n`,
      });
    });

    it.each(Object.keys(recorded.showJson))('%s is shown with the same JSON', async (id) => {
      const { stdout } = await run('-f', 'json', 'show-backups', server, id);
      expect(JSON.parse(stdout)).toEqual({ [server]: recorded.showJson[id] });
    });
  });

  it('tells why', async () => {
    const { stdout } = await run('list-backups', '--why', 'pg');
    expect(stdout).toContain('KEEP:FULL\n\tbecause it is kept with all WAL since');
    const json = JSON.parse((await run('-f', 'json', 'list-backups', '--why', 'pg')).stdout);
    expect(json.pg[0].retention_reason).toMatch(/number 1 of the newest 2/);
  });

  it('is silent with -q, and all servers come with "all"', async () => {
    expect((await run('-q', 'list-backups', 'pg')).stdout).toBe('');
    expect((await run('list-backups', 'all')).stdout).toBe(`${RECORDED['inc']?.list}${RECORDED['pg']?.list}`);
  });
});

describe('what is not there', () => {
  let home: BarmanHome;
  beforeAll(() => {
    home = barmanHome({ catalogues: { pg: 'barman-3.4/pg' } });
  });
  afterAll(() => home.dispose());

  it.each([
    [['list-backups', 'nobody'], "ERROR: Unknown server 'nobody'\n"],
    [['list-backups', 'all', 'pg'], "ERROR: You cannot use 'all' with other server names\n"],
    [['show-backup', 'all', 'latest'], "ERROR: You cannot use 'all' in a single server context\n"],
    [['show-backup', 'pg', 'nonsense'], "ERROR: Unknown backup 'nonsense' for server 'pg'\n"],
  ])('%j', async (args, stderr) => {
    expect(await cellarman('-c', home.config, ...args)).toEqual({ status: 1, stdout: '', stderr });
    const json = await cellarman('-c', home.config, '-f', 'json', ...args);
    expect([json.status, JSON.parse(json.stdout)._ERROR]).toEqual([
      1,
      [stderr.slice('ERROR: '.length).trimEnd()],
    ]);
  });

  it('reports a damaged backup.info and a damaged index line, and shows all the rest', async () => {
    const info = join(home.home, 'pg/base/20261122T164951/backup.info');
    writeFileSync(info, readFileSync(info, 'utf8').replace('status=DONE', 'status=DO'));
    appendFileSync(join(home.home, 'pg/wals/xlog.db'), 'torn');
    const { status, stdout, stderr } = await cellarman('-c', home.config, 'list-backups', '--minimal', 'pg');
    expect(stdout).toBe('20261122T165034\n20261122T165030\n20261122T165027\n20261122T164948\n');
    expect(stderr).toBe(
      `ERROR: backup 20261122T164951 cannot be used: ${info} is damaged: the value of status is cut off or wrong: "DO"\n` +
        `WARNING: ${home.home}/pg/wals/xlog.db: line 22 is damaged and was left as it is\n`,
    );
    expect(status).toBe(1);
  });
});

describe.skipIf(!requireBarman())('the installed Barman', () => {
  it('finds the same backups, sizes and verdicts', async () => {
    // Of its own age: newer versions convert old catalogues when they look at them.
    const fixture = isModernBarman() ? 'barman-3.17/pg' : 'barman-3.4/pg';
    const home = barmanHome({ catalogues: { pg: fixture }, global: GLOBAL });
    try {
      const keys = [
        'backup_id',
        'status',
        'end_time',
        'end_time_timestamp',
        'size',
        'size_bytes',
        'wal_size',
        'wal_size_bytes',
        'retention_status',
      ];
      const pick = (text: string) => {
        const { pg }: { pg: Record<string, unknown>[] } = JSON.parse(text);
        return pg.map((row) => Object.fromEntries(keys.map((key) => [key, row[key]])));
      };
      const ours = await cellarman('-c', home.config, '-f', 'json', 'list-backups', 'pg');
      const theirs = barman(home.config, '-f', 'json', 'list-backups', 'pg');
      expect(pick(ours.stdout)).toEqual(pick(theirs.stdout));
      expect(pick(ours.stdout)).toHaveLength(5);
    } finally {
      home.dispose();
    }
  });
});
