import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serverLockPath, takeLock } from '../../src/manager/catalogue/locks.ts';
import { barman, requireBarman } from '../support/barman.ts';
import { type BarmanHome, barmanHome } from '../support/barman-home.ts';
import { runInProcess } from '../support/in-process.ts';
import { type Major, postgresAvailable, startPostgres, type TestPostgres } from '../support/postgres.ts';
import { requireProgram } from '../support/programs.ts';
import { type Sshd, startSshd } from '../support/sshd.ts';

const canRun = requireBarman() && requireProgram('sshd', 'rsync') && postgresAvailable();

describe.skipIf(!canRun)('looking at servers', { timeout: 60_000 }, () => {
  let sshd: Sshd;
  let home: BarmanHome;
  let silent: Server;
  const clusters: TestPostgres[] = [];

  /** A cluster that archives into the catalogue of the server of that name. */
  const cluster = async (major: Major, server: string): Promise<TestPostgres> => {
    const incoming = join(home.home, server, 'incoming');
    mkdirSync(incoming, { recursive: true });
    chmodSync(incoming, 0o777);
    chmodSync(home.dir, 0o755);
    const command = `cp %p ${incoming}/.%f && mv ${incoming}/.%f ${incoming}/%f`;
    const postgres = await startPostgres({
      major,
      walSegmentSize: 1,
      settings: { archive_mode: 'on', archive_command: command },
    });
    clusters.push(postgres);
    appendFileSync(
      home.config,
      `\n[${server}]\nconninfo = ${postgres.conninfo}\nminimum_redundancy = 1\nretention_policy = REDUNDANCY 2\nlast_backup_maximum_age = 1 day\n`,
    );
    return postgres;
  };
  const ssh = (): string => `ssh -F ${sshd.sshConfigFile} testhost`;
  const cellarman = (...args: string[]) => runInProcess('-c', home.config, ...args);
  const theirs = (...args: string[]) => barman(home.config, ...args);

  beforeAll(async () => {
    sshd = await startSshd();
    silent = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    home = barmanHome({
      servers: {
        down: `backup_method = rsync\nssh_command = ${ssh().replace(' testhost', ' -p 1 testhost')}\n`,
        asleep: 'active = false\n',
        bad: 'ssh_command = ssh x\n',
        follower: `primary_ssh_command = ${ssh()}\n`,
      },
    });
    await cluster(13, 'old');
    const modern = await cluster(18, 'new');
    appendFileSync(home.config, `backup_method = rsync\nreuse_backup = link\nssh_command = ${ssh()}\n`);
    await modern.query('CREATE ROLE lowly LOGIN');
    appendFileSync(
      home.config,
      `[lowly]\nconninfo = host=127.0.0.1 port=${modern.port} user=lowly dbname=postgres\n`,
    );
    for (const server of ['old', 'new']) {
      theirs('switch-wal', '--force', '--archive', server);
      const { status, stderr } = theirs('backup', '--immediate-checkpoint', server);
      if (status !== 0) throw new Error(stderr);
      theirs('archive-wal', server);
    }
  }, 120_000);
  afterAll(async () => {
    silent?.close();
    for (const postgres of clusters) await postgres.stop();
    await sshd?.stop();
    home?.dispose();
  });

  const OWN = /^\t(backup catalogue|WAL continuity|decompression programs|backup verification): /;
  /** Without what differs between Barman's versions or moves with time. */
  const comparable = (stdout: string): string[] =>
    stdout
      .split('\n')
      .filter((line) => !OWN.test(line))
      .map((line) => line.replace(/age: .*\)/, 'age)').replace('non-incremental ', ''));

  it.each(['old', 'new'])(
    'check of %s has the lines of the installed Barman, then its own',
    async (server) => {
      const ours = await cellarman('check', server);
      expect(ours.stderr).toBe('');
      expect(comparable(ours.stdout)).toEqual(comparable(theirs('check', server).stdout));
      expect(ours.status).toBe(0);
      const own = ours.stdout.split('\n').filter((line) => OWN.test(line));
      expect(own[1]).toMatch(/^\tWAL continuity: OK \(no gap since 0000000100000000[0-9A-F]{8}\)$/);
      expect(own).toHaveLength(3);

      const json = JSON.parse((await cellarman('-f', 'json', 'check', server)).stdout)[server];
      const known = JSON.parse(theirs('-f', 'json', 'check', server).stdout)[server];
      for (const [key, value] of Object.entries(known))
        expect(json[key].status).toBe((value as never)['status']);
    },
  );

  it('goes on where PostgreSQL and ssh are down, and makes missing directories', async () => {
    rmSync(join(home.home, 'down'), { recursive: true, force: true });
    const { status, stdout } = await cellarman('check', 'down');
    expect(status).toBe(1);
    expect(stdout).toMatch(/\tPostgreSQL: FAILED \(cannot connect to PostgreSQL at 127\.0\.0\.1:1: .*\)\n/);
    expect(stdout).toMatch(
      /\tssh: FAILED \(cannot reach .*; look at the host and the port of ssh_command, .*\)\n/,
    );
    expect(stdout).toContain('\tdirectories: OK\n');
    expect(readdirSync(join(home.home, 'down')).sort()).toEqual([
      'base',
      'errors',
      'incoming',
      'streaming',
      'wals',
    ]);
    const names = (text: string) => comparable(text).map((line) => line.split(':')[0]);
    expect(names(stdout)).toEqual(names(theirs('check', 'down').stdout));
  });

  it('treats inactive, disabled and passive servers as Barman does', async () => {
    const asleep = await cellarman('check', 'asleep');
    expect(asleep.status).toBe(0);
    expect(asleep.stdout).toMatch(/^Server asleep \(inactive\):\n/);
    const bad = await cellarman('check', 'bad');
    expect(bad.status).toBe(1);
    expect(bad.stdout).toMatch(/^Server bad \(WARNING: disabled\):\n/);
    expect(bad.stdout).toMatch(/\tconfiguration: FAILED\n\t\tLocal copy/);
    const follower = await cellarman('check', 'follower');
    expect(follower.stdout).toContain('\tssh: OK (Barman primary node)\n');
    expect(follower.stdout).not.toContain('PostgreSQL');
  });

  it('names every GRANT that is missing, and is content when they are given', async () => {
    const before = (await cellarman('check', 'lowly')).stdout;
    const [, grants = ''] =
      /no access to backup functions: FAILED \(.* as a superuser run: (.*)\)\n/.exec(before) ?? [];
    expect(grants).toContain('GRANT EXECUTE ON FUNCTION pg_catalog.pg_backup_start(text, boolean) TO lowly');
    await clusters[1]?.query(grants);
    expect((await cellarman('check', 'lowly')).stdout).toContain(
      '\tsuperuser or standard user with backup privileges: OK (switch-wal --force needs also: GRANT pg_checkpoint TO lowly)\n',
    );
  });

  it('a server that says nothing runs out of its time, and delays no other', async () => {
    // Barman would wait for it for ever: it gets a configuration of its own.
    const address = silent.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const config = join(home.dir, 'mute.conf');
    writeFileSync(
      config,
      `${readFileSync(home.config, 'utf8')}\n[mute]\nconninfo = host=127.0.0.1 port=${port}\n`,
    );
    const { status, stdout } = await runInProcess(
      ...['-c', config, 'check', '--check-timeout', '1', 'mute', 'old'],
    );
    expect(status).toBe(1);
    expect(stdout).toContain('\tcheck timeout: FAILED (barman check command timed out)\n');
    expect(stdout).toMatch(/Server old:\n(?:\t.*OK.*\n)+$/);
  });

  it('answers as a Nagios plugin', async () => {
    const good = await cellarman('check', '--nagios', 'old', 'new', 'asleep');
    expect(good.status).toBe(0);
    expect(good.stdout).toMatch(
      /^BARMAN OK - Ready to serve the Espresso backup for new, old \* IGNORING: asleep\|asleep=0B asleep_wals=0B new=\d+B new_wals=\d+B old=\d+B old_wals=\d+B\n$/,
    );
    const critical = await cellarman('check', '--nagios', 'old', 'bad');
    expect(critical.status).toBe(2);
    expect(critical.stdout).toMatch(
      /^BARMAN CRITICAL - 1 server out of 2 have issues \* bad FAILED: WAL archive, PostgreSQL, configuration\|bad=0B/,
    );
    expect(critical.stdout).toContain('\nbad.configuration: FAILED\n');
    const unknown = await cellarman('check', '--nagios', 'old', 'nobody');
    expect(unknown).toMatchObject({
      status: 2,
      stdout: 'BARMAN CRITICAL - Global configuration errors\n',
      stderr: "ERROR: Unknown server 'nobody'\n",
    });
  });

  it.each(['old', 'new'])('status of %s has the lines of the installed Barman', async (server) => {
    const lines = (text: string) =>
      text.split('\n').filter((line) => !/Active conf|archiving rate/.test(line));
    const ours = await cellarman('status', server);
    expect(lines(ours.stdout)).toEqual(lines(theirs('status', server).stdout));
    expect(ours.status).toBe(0);
  });

  it('replication-status knows when nobody is there, or nobody answers', async () => {
    const lines = (text: string) => text.replace(/(master|LSN @).*/g, '$1');
    for (const flags of [[], ['--minimal'], ['--target', 'hot-standby']])
      expect(lines((await cellarman('replication-status', ...flags, 'new')).stdout)).toBe(
        lines(theirs('replication-status', ...flags, 'new').stdout),
      );
    const down = await cellarman('replication-status', 'down');
    expect(down.status).toBe(1);
    expect(down.stderr).toMatch(/^ERROR: Unable to connect to server down: cannot connect/);
  });

  it.each(['standalone', 'data', 'wal', 'full'])(
    'list-files --target %s lists what Barman lists',
    async (target) => {
      const lines = (text: string) => text.split('\n').sort();
      const args = ['list-files', 'new', 'latest', '--target', target];
      const ours = lines((await cellarman(...args)).stdout);
      expect(ours).toEqual(lines(theirs(...args).stdout));
      expect(ours.length).toBeGreaterThan(1);
    },
  );

  it('sync-info tells a passive node what Barman tells it', async () => {
    const read = (text: string) => JSON.parse(text) as Record<string, Record<string, unknown>>;
    const ours = read((await cellarman('sync-info', 'new')).stdout);
    const known = read(theirs('sync-info', 'new').stdout);
    const shared = (all: Record<string, unknown>, like: Record<string, unknown>) =>
      Object.fromEntries(Object.keys(like).map((key) => [key, all[key]]));
    expect(ours['last_position']).toBe(known['last_position']);
    expect(ours['last_name']).toBe(known['last_name']);
    expect(ours['wals']).toMatchObject(known['wals'] ?? {});
    const [id = ''] = Object.keys(known['backups'] ?? {});
    const theirBackup = known['backups']?.[id] as Record<string, unknown>;
    expect(shared(ours['backups']?.[id] as never, theirBackup)).toMatchObject(theirBackup);
    for (const key of ['name', 'compression', 'basebackups_directory', 'wals_directory'])
      expect(ours['config']?.[key]).toBe(known['config']?.[key]);

    const last = String(known['last_name']);
    const next = read((await cellarman('sync-info', 'new', last, String(known['last_position']))).stdout);
    expect([next['wals'], next['last_name']]).toEqual([[], last]);
    expect((await cellarman('sync-info', 'new', '00000001000000000000FFFF')).stderr).toMatch(/is newer than/);
    expect((await cellarman('sync-info', '--primary', 'new')).stderr).toBe(
      'ERROR: server new is not passive\n',
    );
  });

  it('diagnose has a document of the same form, from which file each value comes, and no password', async () => {
    appendFileSync(
      home.config,
      '[secret]\nconninfo = host=127.0.0.1 port=1 password=hush\n[other]\nmodel = true\ncluster = secret\nconninfo = postgresql://u:hush@127.0.0.1:1/db\n',
    );
    const ours = await cellarman('diagnose', '--show-config-source');
    expect(ours.stdout).not.toContain('hush');
    const { servers } = JSON.parse(ours.stdout);
    const { servers: known } = JSON.parse(theirs('diagnose').stdout);
    expect(servers.new.config.conninfo.source).toBe(home.config);
    expect(servers.new.config.check_timeout).toEqual({ value: 30, source: 'default' });
    expect(Object.keys(servers.new.backups)).toEqual(Object.keys(known.new.backups));
    expect(servers.new.status.postgres_systemid).toBe(known.new.status.postgres_systemid);
    expect(servers.down.problems[0]).toMatch(/^cannot connect/);
  });

  it('list-processes shows who holds a lock', async () => {
    const none = await cellarman('list-processes', 'new');
    expect(none.stdout).toBe('No active subprocesses found for server new.\n');
    using _lock = await takeLock(serverLockPath({ directory: home.home, server: 'new' }, 'receive-wal'));
    expect((await cellarman('list-processes', 'new')).stdout).toBe(
      `Active subprocesses for server new:\n${process.pid} receive-wal\n`,
    );
  });

  it('WAL that is missing is named, in check and in list-backups', async () => {
    const [, first = ''] = /no gap since (\w+)/.exec((await cellarman('check', 'old')).stdout) ?? [];
    rmSync(join(home.home, 'old', 'wals', first.slice(0, 16), first));
    const { status, stdout } = await cellarman('check', 'old');
    expect(stdout).toContain(
      `\tWAL continuity: FAILED (WAL ${first} (timeline 1) is missing; take a new backup)\n`,
    );
    expect(status).toBe(1);
    expect((await cellarman('list-backups', 'old')).stderr).toBe(
      `WARNING: server old: WAL ${first} (timeline 1) is missing\n`,
    );
  });

  it('a damaged backup.info and a damaged line of xlog.db are reported, and all else goes on', async () => {
    const base = join(home.home, 'old', 'base');
    mkdirSync(join(base, '20200101T000000'));
    writeFileSync(join(base, '20200101T000000', 'backup.info'), 'begin_time=never\n');
    const wals = join(home.home, 'old', 'wals');
    const index = readdirSync(wals).find((name) => name.endsWith('xlog.db')) ?? '';
    appendFileSync(join(wals, index), 'rubbish\n');
    const { stdout } = await cellarman('check', 'old');
    expect(stdout).toMatch(
      /\tbackup catalogue: FAILED \(backup 20200101T000000 cannot be used: .*; .*xlog\.db: line \d+ is damaged\)\n/,
    );
    expect(stdout).toContain('\tminimum redundancy requirements: OK');
  });
});
