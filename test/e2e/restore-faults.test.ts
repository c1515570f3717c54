import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { identify } from '../../src/system/process-identity.ts';
import { type BackupSite, startBackupSite } from '../support/backup-site.ts';
import { postgresAvailable, startPostgres, type TestPostgres } from '../support/postgres.ts';
import { requireProgram } from '../support/programs.ts';
import { giveTo } from '../support/restored.ts';
import { type Sshd, startSshd } from '../support/sshd.ts';

/** Undoes what a test did to the archive, in reverse order. */
class Mischief {
  readonly #undo: (() => void)[] = [];

  /** Changes a file, which gets an inode of its own: backups share theirs. */
  change(path: string, alter: (content: Buffer) => Buffer): void {
    const kept = `${path}.kept`;
    renameSync(path, kept);
    writeFileSync(path, alter(readFileSync(kept)));
    this.#undo.push(() => renameSync(kept, path));
  }

  remove(path: string): void {
    renameSync(path, `${path}.kept`);
    this.#undo.push(() => renameSync(`${path}.kept`, path));
  }

  undo(): void {
    for (const step of this.#undo.splice(0).reverse()) step();
  }
}

const flip =
  (offset: number) =>
  (content: Buffer): Buffer => {
    const changed = Buffer.from(content);
    changed[offset] = (changed[offset] ?? 0) ^ 0x40;
    return changed;
  };

describe.skipIf(!postgresAvailable() || !requireProgram('sshd'))('A restore', () => {
  const major = 17;
  const mischief = new Mischief();
  let site: BackupSite;
  let sshd: Sshd;
  let wals: string;
  let rows: number;
  let table: string;
  let restored: TestPostgres | undefined;
  let targets = 0;

  const target = (): string => join(site.dir, `target${targets++}`);
  const segments = (): string[] =>
    readdirSync(wals)
      .filter((name) => /^[0-9A-F]{24}$/.test(name))
      .sort();
  const idsOf = (): string[] => readdirSync(join(site.root, 'base')).sort();
  const data = (id: string, path: string): string => join(site.root, 'base', id, 'data', path);

  async function run(destination: string): Promise<TestPostgres> {
    giveTo(site.postgres, destination);
    restored = await startPostgres({ major, dataDir: destination, settings: { archive_mode: 'off' } });
    const server = restored;
    for (;;) {
      const [row] = await server.query<{ busy: boolean }>('select pg_is_in_recovery() as busy');
      if (row?.busy === false) return server;
      await sleep(50);
    }
  }

  async function expectRefused(text: string | RegExp, ...args: string[]): Promise<void> {
    const to = target();
    const outcome = await site.run('restore', 'pg', ...args.slice(0, 1), to, ...args.slice(1));
    expect(outcome.stderr).toMatch(text);
    expect(outcome.status).toBe(1);
    expect(existsSync(to)).toBe(false);
  }

  beforeAll(async () => {
    sshd = await startSshd();
    site = await startBackupSite({ major, walSegmentSize: 1, lines: 'parallel_jobs = 2' });
    const { postgres } = site;
    await postgres.query('create table numbers as select n, md5(n::text) from generate_series(1, 60000) n');
    await postgres.query('create table later (n int)');
    for (const name of ['first', 'second']) {
      const outcome = await site.run('backup', 'pg', '--name', name);
      expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
    }
    for (let n = 0; n < 5; n++) {
      await postgres.query(`insert into later select ${n}`);
      await postgres.query('insert into later select n from generate_series(1, 12000) n');
    }
    await postgres.query('select pg_switch_wal()');
    rows = (await postgres.query<{ n: number }>('select count(*)::int as n from later'))[0]?.n ?? 0;
    table =
      (await postgres.query<{ path: string }>("select pg_relation_filepath('numbers') as path"))[0]?.path ??
      '';
    await sleep(500);
    expect(await site.run('archive-wal', 'pg')).toMatchObject({ status: 0 });
    wals = join(
      site.root,
      'wals',
      readdirSync(join(site.root, 'wals')).find((name) => /^[0-9A-F]{16}$/.test(name)) ?? '',
    );
  });

  afterEach(async () => {
    mischief.undo();
    await restored?.stop();
    restored = undefined;
    for (const name of readdirSync(site.dir))
      if (name.startsWith('target')) rmSync(join(site.dir, name), { recursive: true });
  });

  afterAll(async () => {
    await site?.stop();
    await sshd?.stop();
  });

  it.each([['here'], ['over SFTP']])('that was killed %s is gone on with', async (where) => {
    const to = target();
    const remote = where === 'here' ? [] : ['--remote-ssh-command', `ssh -F ${sshd.sshConfigFile} testhost`];
    const args = ['restore', 'pg', 'latest', to, ...remote];
    const isStartable = (): boolean => existsSync(join(to, 'global', 'pg_control'));
    let killed = 0;
    for (const delay of [450, 600, 750, 900, 1100]) {
      const run = site.start(...args);
      await sleep(delay);
      if (run.child.exitCode !== null) {
        expect((await run.outcome).status, run.said().stderr).toBe(0);
        break;
      }
      run.child.kill('SIGKILL');
      await run.outcome;
      killed++;
      // With pg_control a server starts, so it comes when all else is there: what follows starts one from just that.
      if (isStartable()) break;
    }
    expect(killed).toBeGreaterThan(0);
    if (!isStartable()) {
      const last = await site.run(...args);
      expect(last, last.stderr).toMatchObject({ status: 0 });
      expect(readdirSync(to).filter((name) => name.startsWith('.'))).toEqual([]);
    }
    const server = await run(to);
    expect(await server.query('select count(*)::int as n from later')).toEqual([{ n: rows }]);
  });

  it('stops before anything is copied where WAL is missing, and says which and what can be reached', async () => {
    const lost = segments().at(-2) ?? '';
    mischief.remove(join(wals, lost));
    await expectRefused(
      new RegExp(`segment ${lost} is missing.*--target-lsn [0-9A-F]+/[0-9A-F]+ at most`),
      'latest',
    );
    const to = target();
    const [, lsn = ''] =
      /--target-lsn (\S+)/.exec((await site.run('restore', 'pg', 'latest', to, '--dry-run')).stderr) ?? [];
    expect(
      await site.run('restore', 'pg', 'latest', to, '--target-lsn', lsn, '--target-action', 'promote'),
    ).toMatchObject({ status: 0 });
    await run(to);
  });

  it('stops where WAL of the backup itself is missing', async () => {
    const [first] = segments();
    const begin =
      /begin_wal=(\S+)/.exec(
        readFileSync(join(site.root, 'meta', `${idsOf()[1]}-backup.info`), 'utf8'),
      )?.[1] ?? first;
    mischief.remove(join(wals, begin ?? ''));
    await expectRefused(
      `segment ${begin} is missing from the archive: the backup is not consistent without it`,
      'second',
      '--target-immediate',
    );
  });

  it.each([
    ['cut off', (content: Buffer) => content.subarray(0, 500_000), /has 500000 of 1048576 bytes/],
    ['of another cluster', flip(26), /belongs to the cluster \d+, not to \d+/],
    ['damaged', flip(300_000), /CRC|length|does not follow/],
  ])('refuses WAL that is %s', async (_, alter, text) => {
    const name = segments().at(-2) ?? '';
    mischief.change(join(wals, name), alter);
    const to = target();
    const outcome = await site.run('restore', 'pg', 'latest', to);
    expect(outcome.stderr).toMatch(text);
    expect(outcome.stderr).toContain(name);
    expect(outcome.status).toBe(1);
    expect(existsSync(join(to, 'global', 'pg_control'))).toBe(false);
  });

  it('names a target that lies beyond the archive, and one before the end of the backup', async () => {
    await expectRefused(
      /no transaction ended after time 2100-01-01 00:00:00\+00:00.*any --target-time before/,
      'latest',
      '--target-time',
      '2100-01-01 00:00 UTC',
    );
    await expectRefused(
      /before .* where the backup becomes consistent/,
      'latest',
      '--target-time',
      '2020-01-01 00:00 UTC',
    );
    await expectRefused(
      /restore point 'nowhere' is not in the archived WAL/,
      'latest',
      '--target-name',
      'nowhere',
    );
  });

  it('takes a damaged file from another backup that holds the same, and says so', async () => {
    const [first = '', second = ''] = idsOf();
    mischief.change(data(second, table), flip(12_345));
    const to = target();
    const outcome = await site.run('restore', 'pg', 'second', to);
    expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
    expect(outcome.stderr).toContain(`data/${table} was taken from backup ${first}`);
    expect(readFileSync(join(to, table)).equals(readFileSync(data(first, table)))).toBe(true);
    const server = await run(to);
    expect(await server.query('select count(*)::int as n from numbers')).toEqual([{ n: 60_000 }]);
  });

  it('finds a file that is missing in the backup elsewhere, too', async () => {
    const [first = '', second = ''] = idsOf();
    mischief.remove(data(second, table));
    const to = target();
    const outcome = await site.run('restore', 'pg', 'second', to);
    expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
    expect(readFileSync(join(to, table)).equals(readFileSync(data(first, table)))).toBe(true);
  });

  it('refuses what nobody holds undamaged, and leaves nothing that starts', async () => {
    for (const id of idsOf()) mischief.change(data(id, table), flip(12_345));
    const to = target();
    const outcome = await site.run('restore', 'pg', 'second', to);
    expect(outcome).toMatchObject({ status: 1, stderr: expect.stringContaining(`data/${table}`) });
    expect(outcome.stderr).toContain('is damaged, and no other backup of the server holds');
    expect(existsSync(join(to, 'global', 'pg_control'))).toBe(false);
  });

  it.each([
    ['pg_control', 'data/global/pg_control', flip(40), /pg_control fails its CRC/],
    ['the manifest', '.cellarman/manifest.gz', flip(200), /manifest .* is damaged/],
    ['the backup label', 'data/backup_label', flip(5), /backup_label is not the one/],
  ])('refuses a backup with one byte of damage in %s', async (_, path, alter, text) => {
    mischief.change(join(site.root, 'base', idsOf()[1] ?? '', path), alter);
    await expectRefused(text, 'second');
  });

  it('refuses a backup without its label, and makes a copy without it useless', async () => {
    const label = data(idsOf()[1] ?? '', 'backup_label');
    mischief.remove(label);
    await expectRefused(/its backup_label is missing/, 'second');
    mischief.undo();
    const to = target();
    expect(await site.run('restore', 'pg', 'second', to)).toMatchObject({ status: 0 });
    rmSync(join(to, 'backup_label'));
    await expect(run(to)).rejects.toThrow(/checkpoint/);
  });

  it('goes into no directory that holds other things or a running server', async () => {
    const to = target();
    mkdirSync(to);
    writeFileSync(join(to, 'mine'), '');
    for (const option of [[], ['--delta-restore']]) {
      const outcome = await site.run('restore', 'pg', 'latest', to, ...option);
      expect(outcome).toMatchObject({ status: 1 });
      expect(readdirSync(to)).toEqual(['mine']);
    }
    const running = await site.run('restore', 'pg', 'latest', site.postgres.dataDir, '--delta-restore');
    expect(running).toMatchObject({ status: 1, stderr: expect.stringContaining('has a running server') });
  });

  it('leaves a directory alone whose server was started after it was examined', async () => {
    const to = target();
    expect(await site.run('restore', 'pg', 'latest', to)).toMatchObject({ status: 0 });
    const script = join(site.dir, 'start-server');
    writeFileSync(script, `#!/bin/sh\necho ${process.pid} > ${to}/postmaster.pid\n`, { mode: 0o755 });
    site.configure(`parallel_jobs = 2\npre_recovery_script = ${script}`);
    const outcome = await site.run('restore', 'pg', 'latest', to, '--delta-restore');
    site.configure('parallel_jobs = 2');
    expect(outcome).toMatchObject({ status: 1, stderr: expect.stringContaining('has a running server') });
    expect(existsSync(join(to, 'global', 'pg_control'))).toBe(true);
    expect(existsSync(join(to, '.cellarman-restore'))).toBe(false);
  });

  it('does not go beside another run, nor on with the restore of another backup', async () => {
    const to = target();
    const slow = site.start('restore', 'pg', 'second', to, '--bwlimit', '2000');
    while (!existsSync(join(to, '.cellarman-restore'))) await sleep(10);
    const beside = await site.run('restore', 'pg', 'second', to);
    expect(beside).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('is being restored to by process'),
    });
    slow.child.kill('SIGINT');
    expect((await slow.outcome).status).not.toBe(0);
    const other = await site.run('restore', 'pg', 'first', to);
    expect(other).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('holds the unfinished restore of backup'),
    });
    const again = await site.run('restore', 'pg', 'second', to);
    expect(again, again.stderr).toMatchObject({ status: 0 });
    expect(again.stdout).toContain('Going on with the restore that was interrupted.');
  });

  it('begins where a run was cut off before it could say what it restores, and not beside one that says so', async () => {
    const to = target();
    const marker = join(to, '.cellarman-restore');
    mkdirSync(to);
    writeFileSync(marker, '');
    const beginning = site.start('restore', 'pg', 'second', to);
    await sleep(1500);
    expect(readdirSync(to)).toEqual(['.cellarman-restore']);
    const text = { server: 'pg', backup: 'x', systemIdentifier: '1', owner: identify(process.pid) };
    writeFileSync(marker, JSON.stringify(text));
    expect(await beginning.outcome).toMatchObject({
      status: 1,
      stderr: expect.stringContaining(`is being restored to by process ${process.pid}`),
    });
    writeFileSync(marker, '');
    const { status, stderr } = await site.run('restore', 'pg', 'second', to);
    expect(status, stderr).toBe(0);
    expect(existsSync(marker)).toBe(false);
    expect(existsSync(join(to, 'global', 'pg_control'))).toBe(true);
  });

  it('does not count when the backup was removed while it was copied', async () => {
    const [id = ''] = idsOf();
    const info = join(site.root, 'meta', `${id}-backup.info`);
    mischief.change(info, (content) => content);
    const to = target();
    const slow = site.start('restore', 'pg', id, to, '--bwlimit', '16000');
    while (!existsSync(join(to, '.cellarman-restore'))) await sleep(10);
    writeFileSync(info, readFileSync(info, 'utf8').replace('status=DONE', 'status=FAILED'));
    const outcome = await slow.outcome;
    expect(outcome).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('it was removed while it was copied'),
    });
    expect(existsSync(join(to, 'global', 'pg_control'))).toBe(false);
  });

  it('puts WAL for recovery into an empty directory only', async () => {
    const staging = join(site.dir, 'targetwal');
    mkdirSync(staging);
    writeFileSync(join(staging, 'mine'), '');
    const to = target();
    const args = [
      'restore',
      'pg',
      'latest',
      to,
      '--target-immediate',
      '--target-action',
      'promote',
      '--staging-wal-directory',
      staging,
    ];
    expect(await site.run(...args)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('is not empty (mine)'),
    });
    rmSync(join(staging, 'mine'));
    expect(await site.run(...args)).toMatchObject({ status: 0 });
    expect(readdirSync(staging).length).toBeGreaterThan(0);
    giveTo(site.postgres, staging);
    await run(to);
  });

  it('shows in a dry run what it would take, which is no more than the target needs', async () => {
    const to = target();
    const segmentsFor = async (...args: string[]): Promise<number> => {
      const outcome = await site.run('-f', 'json', 'restore', 'pg', 'first', to, '--dry-run', ...args);
      expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
      return (JSON.parse(outcome.stdout) as { plan: { segments: number } }).plan.segments;
    };
    const all = await segmentsFor();
    expect(await segmentsFor('--target-immediate')).toBeLessThan(all / 2);
    const text = await site.run('restore', 'pg', 'first', to, '--dry-run');
    expect(text.stdout).toMatch(/WAL: \d+ segments, [0-9A-F]{24} to [0-9A-F]{24}/);
    expect(existsSync(to)).toBe(false);
  });
});
