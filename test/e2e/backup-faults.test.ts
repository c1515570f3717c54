import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BackupSite, startBackupSite } from '../support/backup-site.ts';
import type { RunningProgram } from '../support/cli-process.ts';
import { postgresAvailable } from '../support/postgres.ts';
import { requireProgram } from '../support/programs.ts';
import { giveTo } from '../support/restored.ts';
import { canMount, mountScratchDisk } from '../support/scratch-disk.ts';
import { type Sshd, startSshd } from '../support/sshd.ts';

/** Slow enough to be met on its way, KB a second. */
const SLOWLY = ['--reuse-backup', 'off', '--bwlimit', '6000'];

let sshd: Sshd;
let site: BackupSite;

const ssh = (options: string): string => `ssh_command = ssh -F ${sshd.sshConfigFile} ${options} testhost`;

const newest = (): string => readdirSync(join(site.root, 'base')).sort().at(-1) ?? '';

function field(key: string, id = newest()): string | undefined {
  const lines = readFileSync(join(site.root, 'meta', `${id}-backup.info`), 'utf8').split('\n');
  return lines.find((line) => line.startsWith(`${key}=`))?.slice(key.length + 1);
}

/** Until a good part of a backup stands. */
async function underWay(run: RunningProgram): Promise<void> {
  const journal = (): string => join(site.root, 'base', newest(), '.cellarman', '1.journal');
  const goesOn = async (): Promise<void> => {
    if (run.child.exitCode !== null) throw new Error(`it has ended already:\n${run.said().stderr}`);
    await sleep(20);
  };
  while (!run.said().stdout.includes('Starting backup copy')) await goesOn();
  while (!existsSync(journal()) || statSync(journal()).size < 10_000) await goesOn();
}

async function succeeds(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await site.run('backup', 'pg', ...args);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(field('status')).toBe('DONE');
  return stdout;
}

describe.skipIf(!postgresAvailable() || !requireProgram('sshd'))('a backup that something happens to', () => {
  beforeAll(async () => {
    sshd = await startSshd();
    site = await startBackupSite({ major: 17, sshd, walSegmentSize: 1 });
    await site.postgres.query('create table plenty as select n from generate_series(1, 200000) n');
    await site.postgres.query('vacuum freeze');
    await site.postgres.query('checkpoint');
  });

  afterAll(async () => {
    await site?.stop();
    await sshd?.stop();
  });

  it('is stopped by a signal, and gone on with by the next one', async () => {
    const run = site.start('backup', 'pg', ...SLOWLY);
    await underWay(run);
    run.child.kill('SIGTERM');
    const { status, stderr } = await run.outcome;
    expect(status).toBe(1);
    expect(stderr).toContain('Backup failed copying files.\nDETAILS: interrupted');
    const failed = newest();
    expect(field('status')).toBe('FAILED');
    expect(field('error')).toBe('failure copying files (interrupted)');
    expect(
      await site.postgres.query("select 1 from pg_stat_activity where application_name = 'cellarman'"),
    ).toEqual([]);
    await succeeds();
    expect(sharedWith(failed, newest())).toBeGreaterThan(50);
  });

  it('is found dead by the next one after kill -9', async () => {
    const run = site.start('backup', 'pg', ...SLOWLY);
    await underWay(run);
    run.child.kill('SIGKILL');
    await run.outcome;
    const killed = newest();
    expect(field('status', killed)).toBe('STARTED');
    const { status, stderr } = await site.run('backup', 'pg');
    expect(stderr).toContain(`Backup ${killed} was never finished and is marked as FAILED`);
    expect(status).toBe(0);
    expect(field('status', killed)).toBe('FAILED');
    expect(field('error', killed)).toContain('ended without a word');
    expect(field('status')).toBe('DONE');
  });

  it('is not taken twice at a time', async () => {
    const run = site.start('backup', 'pg', ...SLOWLY);
    await underWay(run);
    const { status, stderr } = await site.run('backup', 'pg');
    expect(stderr).toBe('ERROR: Another backup process is running\n');
    expect(status).toBe(1);
    expect((await run.outcome).status).toBe(0);
  });

  it('fails when its session is ended, and when the server stops', async () => {
    const cut = site.start('backup', 'pg', '--keepalive-interval', '1', ...SLOWLY);
    await underWay(cut);
    await site.postgres.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'cellarman'",
    );
    expect((await cut.outcome).status).toBe(1);
    expect(field('status')).toBe('FAILED');
    expect(field('error')).toMatch(/^failure copying files \(the connection to PostgreSQL at .* was lost/);

    const stopped = site.start('backup', 'pg', ...SLOWLY);
    await underWay(stopped);
    await site.postgres.shutDown();
    expect((await stopped.outcome).status).toBe(1);
    expect(field('error')).toMatch(/^failure copying files \(the connection to PostgreSQL at .* was lost/);
    const { status, stderr } = await site.run('backup', 'pg');
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^ERROR: Impossible to start the backup\. .*\nDETAILS: PostgreSQL: FAILED \(cannot/,
    );
    await site.postgres.start();
    await succeeds();
  });

  it('fails when a directory of its copy is removed meanwhile', async () => {
    const run = site.start('backup', 'pg', ...SLOWLY);
    await underWay(run);
    // No cluster works without it, and yet no file in it is one that each cluster has.
    rmSync(join(site.root, 'base', newest(), 'data/pg_logical'), { recursive: true });
    const { status, stderr } = await run.outcome;
    expect(stderr).toMatch(/Backup failed copying files\.\nDETAILS: .*data\/pg_logical\S* does not exist\n/);
    expect(status).toBe(1);
    expect(field('status')).toBe('FAILED');
    await succeeds();
  });

  it('survives the loss of its SSH connection', async () => {
    const run = site.start('backup', 'pg', ...SLOWLY);
    await underWay(run);
    sshd.dropConnections();
    const { status, stderr } = await run.outcome;
    expect(stderr).toContain('connecting again');
    expect(status).toBe(0);
    expect(field('status')).toBe('DONE');
  });

  it('logs in once for its checks and itself, and once for each lane', async () => {
    const logins = (): number => sshd.log().match(/Accepted publickey/g)?.length ?? 0;
    const before = logins();
    expect((await site.run('backup', 'pg', '--jobs', '1')).status).toBe(0);
    expect(logins() - before).toBe(2);
  });

  it('waits for WAL when archive_command fails, and says for which segment', async () => {
    await site.postgres.query("alter system set archive_command = 'false'");
    await site.postgres.query('select pg_reload_conf()');
    const { status, stdout, stderr } = await site.run('backup', 'pg');
    expect(status).toBe(0);
    expect(field('status')).toBe('WAITING_FOR_WALS');
    expect(stdout).toContain(`Waiting for the WAL file ${field('begin_wal')} from server 'pg'`);
    expect(stderr).toMatch(
      /archive_command of server 'pg' has failed \d+ times, the last time for [0-9A-F]{24}/,
    );
    expect(stderr).toContain('WAITING_FOR_WALS');
    await site.postgres.query('alter system reset archive_command');
    await site.postgres.query('select pg_reload_conf()');
    while ((await site.run('check-backup', 'pg', 'latest')).status === 0 && field('status') !== 'DONE') {
      await site.run('archive-wal', 'pg');
      await sleep(200);
    }
    expect(field('status')).toBe('DONE');
  });

  it('becomes FAILED when WAL in its middle is gone', async () => {
    await succeeds();
    const segment = String(field('end_wal'));
    const path = join(site.root, 'wals', segment.slice(0, 16), segment);
    renameSync(path, `${path}.away`);
    expect((await site.run('check-backup', 'pg', 'latest')).status).toBe(0);
    expect(field('status')).toBe('FAILED');
    expect(field('error')).toBe(`At least one WAL file is missing. The first missing WAL file is ${segment}`);
    renameSync(`${path}.away`, path);
  });

  it('names what is wrong before it begins', async () => {
    const refused = async (pattern: RegExp): Promise<void> => {
      const before = newest();
      const { status, stderr } = await site.run('backup', 'pg');
      const [error, ...details] = stderr.trimEnd().split('\n');
      expect(error).toBe(
        "ERROR: Impossible to start the backup. Check the log for more details, or run 'cellarman check pg'",
      );
      expect(details.join('\n')).toMatch(pattern);
      expect(status).toBe(1);
      expect(newest()).toBe(before);
    };
    await site.postgres.query('create role humble login');
    await site.postgres.query('grant pg_read_all_settings to humble');
    const conninfo = site.postgres.conninfo.replace('user=postgres', 'user=humble');
    site.configure(`conninfo = ${conninfo}`);
    await refused(
      /^DETAILS: no access to backup functions: FAILED \(.*GRANT EXECUTE ON FUNCTION pg_catalog\.pg_backup_start\(text, boolean\) TO humble[;)]/,
    );
    site.configure(`conninfo = ${conninfo.replace('humble', 'nobody_knows')}`);
    await refused(/^DETAILS: PostgreSQL: FAILED \(.* refused the login: role "nobody_knows" does not exist/);
    site.configure('');
    const identity = join(site.root, 'identity.json');
    const right = readFileSync(identity, 'utf8');
    writeFileSync(identity, right.replace(/"systemid": "\d+"/, '"systemid": "1"'));
    await refused(/^DETAILS: systemid coherence: FAILED \(.*identity\.json/);
    writeFileSync(identity, right);
    site.configure(`${ssh('-p 1')}\nminimum_redundancy = 99`);
    await refused(/^DETAILS: ssh: FAILED \(cannot reach [^\n]*$/);
    site.configure('');
  });

  it('ends at check_timeout when what it has to know does not come', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    try {
      for (const lines of [`conninfo = host=127.0.0.1 port=${port} user=postgres`, ssh(`-p ${port}`)]) {
        site.configure(`check_timeout = 1\n${lines}`);
        const { status, stderr } = await site.run('backup', 'pg');
        expect(stderr).toMatch(/^ERROR: Impossible to start the backup\. .*\nDETAILS: /);
        expect(stderr).toMatch(/check timeout: FAILED \(barman check command timed out\)\n$/);
        expect(status).toBe(1);
      }
    } finally {
      silent.close();
      site.configure('');
    }
  });

  it('tells how long it has waited for a checkpoint that the server spreads', async () => {
    await site.postgres.query('checkpoint');
    // The server writes a page, and waits for a tenth of a second.
    await site.postgres.query('create table spread as select n from generate_series(1, 30000) n');
    site.configure('immediate_checkpoint = false');
    const stdout = await succeeds();
    site.configure('');
    expect(stdout).toMatch(
      /^Waiting for the checkpoint of PostgreSQL, which it spreads over 4 minutes, 30 seconds; --immediate-checkpoint .*\nWaiting for the checkpoint of PostgreSQL: 1\d seconds of about 4 minutes, 30 seconds\n/m,
    );
    await site.postgres.query('drop table spread');
  });

  it('runs the scripts around it, and is stopped by the one before it', async () => {
    const script = (name: string): string => `env | grep ^BARMAN_ > ${join(site.dir, name)}`;
    site.configure(`pre_backup_script = ${script('before')}\npost_backup_script = ${script('after')}`);
    await succeeds();
    const [before, after] = ['before', 'after'].map((name) => readFileSync(join(site.dir, name), 'utf8'));
    expect(before).toContain(`BARMAN_BACKUP_ID=${newest()}\n`);
    expect(before).toContain('BARMAN_STATUS=EMPTY\n');
    expect(after).toContain('BARMAN_STATUS=WAITING_FOR_WALS\n');
    site.configure(`pre_backup_retry_script = exit 63\npost_backup_script = ${script('after')}`);
    const { status } = await site.run('backup', 'pg');
    expect(status).toBe(1);
    expect(field('error')).toContain('failure starting backup (');
    expect(readFileSync(join(site.dir, 'after'), 'utf8')).toMatch(/^BARMAN_ERROR=.+/m);
    site.configure('');
  });

  it('copies what links lead to, and says so', async () => {
    const { dataDir } = site.postgres;
    const outside = join(site.dir, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'notes'), 'noted');
    symlinkSync(join(outside, 'notes'), join(dataDir, 'notes'));
    symlinkSync(outside, join(dataDir, 'linked'));
    symlinkSync('/nowhere', join(dataDir, 'dangling'));
    try {
      const { status, stderr } = await site.run('backup', 'pg');
      expect(status).toBe(0);
      expect(stderr).toContain('data/notes is a symbolic link: the backup holds the file it leads to');
      expect(stderr).toContain('data/linked is a symbolic link: the backup holds the directory it leads to');
      expect(stderr).toContain('data/dangling is a symbolic link that leads nowhere');
      const data = join(site.root, 'base', newest(), 'data');
      expect(readFileSync(join(data, 'notes'), 'utf8')).toBe('noted');
      expect(readFileSync(join(data, 'linked', 'notes'), 'utf8')).toBe('noted');
    } finally {
      for (const name of ['notes', 'linked', 'dangling']) rmSync(join(dataDir, name));
    }
  });

  it('fails where the host does not show what is in a tablespace', async () => {
    const { postgres, dir } = site;
    const location = join(dir, 'elsewhere');
    mkdirSync(location);
    giveTo(postgres, location);
    await postgres.query(`create tablespace elsewhere location '${location}'`);
    await postgres.query('create table moved tablespace elsewhere as select 1 as n');
    await postgres.query('checkpoint');
    const [version = ''] = readdirSync(location);
    renameSync(join(location, version), join(location, 'hidden'));
    try {
      const { status, stderr } = await site.run('backup', 'pg');
      expect(stderr).toMatch(/\/?\d+\/PG_17_\d+/);
      expect(status).toBe(1);
      expect(field('status')).toBe('FAILED');
    } finally {
      renameSync(join(location, 'hidden'), join(location, version));
      await postgres.query('drop table moved');
      await postgres.query('drop tablespace elsewhere');
    }
  });

  it('finishes with a status of its own when pages are damaged, and the damage stays known', async () => {
    const [{ path } = { path: '' }] = await site.postgres.query<{ path: string }>(
      "create table hurt as select n from generate_series(1, 1000) n; select pg_relation_filepath('hurt') as path",
    );
    // Nobody has a reason to write its pages again, which would mend them.
    await site.postgres.query('vacuum freeze hurt');
    await site.postgres.query('checkpoint');
    const file = openSync(join(site.postgres.dataDir, path), 'r+');
    writeSync(file, 'damage', 8192 + 4000);
    closeSync(file);
    const { status, stderr } = await site.run('backup', 'pg');
    expect(status).toBe(28);
    expect(stderr).toContain(`WARNING: ${path} is damaged on the server: page 1 fails its checksum`);
    expect(field('status')).toBe('DONE');
    // Also a backup that only links the file knows it.
    await sleep(3000);
    const { status: again } = await site.run('backup', 'pg');
    expect(again).toBe(28);
    const shown = await site.run('show-backup', 'pg', 'latest');
    expect(shown.stderr).toContain(`${path} was damaged on the server: page 1`);
    await site.postgres.query('drop table hurt');
  });

  it.skipIf(!canMount())('says that the disk is full, before it begins or on its way', async () => {
    const disk = mountScratchDisk(join(site.dir, 'disk'), '12m');
    try {
      site.configure(`basebackups_directory = ${join(disk.path, 'base')}`);
      const { status, stderr } = await site.run('backup', 'pg', '--reuse-backup', 'off');
      expect(status).toBe(1);
      expect(stderr).toMatch(/the backup needs at least [\d.]+ MiB, and .* has [\d.]+ MiB left/);

      disk.unmount();
      rmSync(disk.path, { recursive: true });
      const larger = mountScratchDisk(disk.path, '60m');
      const run = site.start('backup', 'pg', ...SLOWLY);
      while (!run.said().stdout.includes('Starting backup copy')) await sleep(20);
      try {
        writeFileSync(join(larger.path, 'filler'), Buffer.alloc(60 * 1024 * 1024));
      } catch {
        // It is as full as it gets.
      }
      const outcome = await run.outcome;
      expect(outcome.status).toBe(1);
      expect(outcome.stderr).toContain('Backup failed copying files.\nDETAILS: no space left on the device');
    } finally {
      disk.unmount();
      site.configure('');
    }
  });
});

/** How many files of one backup are one with a file of another. */
function sharedWith(one: string, other: string): number {
  const names = readdirSync(join(site.root, 'base', one, 'data'), { recursive: true }).map(String);
  return names.filter((name) => {
    const [a, b] = [one, other].map((id) =>
      statSync(join(site.root, 'base', id, 'data', name), { throwIfNoEntry: false }),
    );
    return a?.isFile() === true && a.ino === b?.ino;
  }).length;
}
