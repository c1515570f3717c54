import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BackupSite, startBackupSite } from '../../support/backup-site.ts';
import { barman, requireBarman } from '../../support/barman.ts';
import { runCli } from '../../support/cli-process.ts';
import { postgresAvailable } from '../../support/postgres.ts';
import { postgresTool, requirePostgresTool } from '../../support/postgres-tools.ts';
import { requireProgram } from '../../support/programs.ts';

interface Result {
  readonly passed: boolean;
  readonly checks: readonly { readonly check: string; readonly outcome: string; readonly detail: string }[];
  readonly findings: readonly {
    readonly check: string;
    readonly path: string | null;
    readonly detail: string;
  }[];
}

describe.skipIf(!postgresAvailable())('verify-backup and generate-manifest', () => {
  let site: BackupSite;
  let base: string;
  /** In the default tablespace, and in another one; paths in the backup. */
  let relation: string;
  let elsewhere: string;

  beforeAll(async () => {
    site = await startBackupSite({ major: 15, walSegmentSize: 1, settings: { autovacuum: false } });
    const { postgres } = site;
    const location = join(postgres.directory, 'space');
    mkdirSync(location);
    chownSync(location, postgres.uid, postgres.gid);
    await postgres.query(`create tablespace space location '${location}'`);
    await postgres.query(`
      create extension amcheck;
      create table here (id int primary key, text text);
      insert into here select i, repeat(i::text, 10) from generate_series(1, 5000) i;
      create table there (id int primary key) tablespace space;
      insert into there select generate_series(1, 5000);`);
    const [paths] = await postgres.query<{ here: string; there: string }>(
      `select pg_relation_filepath('here') here, pg_relation_filepath('there') there`,
    );
    relation = `data/${paths?.here}`;
    elsewhere = paths?.there.replace(/^pg_tblspc\//, '') ?? '';
    const backup = await site.run('backup', 'pg', '--wait');
    expect(backup.stderr).toBe('');
    expect(backup.status).toBe(0);
    const [id = ''] = readdirSync(join(site.root, 'base'));
    base = join(site.root, 'base', id);
  });

  afterAll(() => site?.stop());

  async function verify(...args: readonly string[]): Promise<{ status: number | null; result: Result }> {
    const { status, stdout, stderr } = await site.run('-f', 'json', 'verify-backup', 'pg', ...args);
    const output = JSON.parse(stdout || '{}') as Record<string, unknown>;
    if (output['pg'] === undefined) throw new Error(stdout + stderr);
    return { status, result: output['pg'] as Result };
  }

  /** What is found while a file of the backup is another one. */
  async function damaged(path: string, change: (content: Buffer) => void): Promise<Result> {
    const file = join(base, path);
    const kept = readFileSync(file);
    const content = Buffer.from(kept);
    change(content);
    writeFileSync(file, content);
    try {
      const { status, result } = await verify('latest');
      expect(status).toBe(1);
      expect(result.passed).toBe(false);
      return result;
    } finally {
      writeFileSync(file, kept);
    }
  }

  const places = ({ findings }: Result): string[] => findings.map(({ check, path }) => `${check} ${path}`);

  test('a good backup passes, and show-backup says so', async () => {
    const before = await site.run('show-backup', 'pg', 'latest');
    expect(before.stdout).not.toContain('Verification');
    const { stdout, stderr, status } = await site.run('verify-backup', 'pg', 'latest');
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Backup \w+ is good\n/);
    expect(stdout).toMatch(/^ {2}cluster +passed +PostgreSQL 15$/m);
    expect(stdout).toMatch(/^ {2}files +passed +\d+ files/m);
    expect(stdout).toMatch(/^ {2}backup_manifest +skipped /m);
    expect(stdout).toMatch(/^ {2}wal +passed +\d+ of \d+ segments/m);
    expect(stdout).toMatch(/^ {2}pages +passed +[1-9]\d* pages$/m);
    const shown = await site.run('show-backup', 'pg', 'latest');
    expect(shown.stdout).toMatch(/^ {4}Verification +: passed \d{4}-/m);
  });

  test('one changed byte of a relation is named by its file and its page', async () => {
    for (const path of [relation, elsewhere]) {
      const result = await damaged(path, (content) =>
        content.writeUInt8(content.readUInt8(8192 + 5000) ^ 1, 8192 + 5000),
      );
      expect(places(result)).toEqual([`files ${path}`, `pages ${path}`]);
      expect(result.findings[1]?.detail).toContain('block 1');
    }
    const shown = await site.run('show-backup', 'pg', 'latest');
    expect(shown.stdout).toMatch(/^ {4}Verification +: FAILED .* \(2 findings\)$/m);
  });

  test('files right below the data directory are compared too', async () => {
    for (const path of ['data/PG_VERSION', 'data/postgresql.conf', 'data/pg_hba.conf']) {
      const result = await damaged(path, (content) => content.writeUInt8(content.readUInt8(1) ^ 1, 1));
      expect(places(result)).toEqual([`files ${path}`]);
    }
    const ident = join(base, 'data/pg_ident.conf');
    const kept = readFileSync(ident);
    appendFileSync(ident, '# more\n');
    const { result } = await verify('latest');
    writeFileSync(ident, kept);
    const detail = expect.stringMatching(/^has \d+ bytes, \d+ were copied$/);
    expect(result.findings).toEqual([{ check: 'files', path: 'data/pg_ident.conf', detail }]);
  });

  test('a page that the WAL of the backup makes good is no damage', async () => {
    const session = site.start('backup', 'pg', '--wait', '--reuse-backup', 'off', '--bwlimit', '10000');
    let over = false;
    const outcome = session.outcome.finally(() => {
      over = true;
    });
    // The first change since the backup's checkpoint puts the whole page into WAL.
    while (!over) await site.postgres.query(`select 1 from here where ctid = '(0,1)' for update`);
    expect((await outcome).status).toBe(0);
    const older = base;
    base = join(site.root, 'base', readdirSync(join(site.root, 'base')).sort().at(-1) ?? '');
    try {
      const flip = (at: number) => (content: Buffer) => content.writeUInt8(content.readUInt8(at) ^ 1, at);
      expect(places(await damaged(relation, flip(5000)))).toEqual([`files ${relation}`]);
      expect(places(await damaged(relation, flip(8192 + 5000)))).toEqual([
        `files ${relation}`,
        `pages ${relation}`,
      ]);
    } finally {
      rmSync(base, { recursive: true });
      rmSync(join(site.root, 'meta', `${basename(base)}-backup.info`));
      base = older;
    }
  });

  test('damage of pg_control, backup_label and the manifest of the copy', async () => {
    const control = await damaged('data/global/pg_control', (content) => content.writeUInt8(7, 100));
    expect(places(control)).toEqual(['cluster data/global/pg_control']);
    expect(control.checks.find(({ check }) => check === 'pages')?.outcome).toBe('skipped');
    const label = await damaged('data/backup_label', (content) =>
      content.write('7', 'START WAL LOCATION: '.length),
    );
    expect(places(label)).toEqual(['cluster data/backup_label']);
    const manifest = await damaged('.cellarman/manifest.gz', (content) =>
      content.writeUInt8(content.readUInt8(content.length >> 1) ^ 1, content.length >> 1),
    );
    expect(places(manifest)).toEqual(['files .cellarman/manifest.gz']);
  });

  test('what is missing and what does not belong there', async () => {
    renameSync(join(base, relation), `${join(base, relation)}9`);
    const { result } = await verify('latest');
    renameSync(`${join(base, relation)}9`, join(base, relation));
    expect(places(result).sort()).toEqual([`files ${relation}`, `files ${relation}9`]);
  });

  test('what was put right into the data directory', async () => {
    const files = ['tablespace_map', 'recovery.signal', 'left-over'].map((name) => `data/${name}`);
    for (const path of files) writeFileSync(join(base, path), '');
    const { status, result } = await verify('latest');
    for (const path of files) rmSync(join(base, path));
    expect(status).toBe(1);
    expect(places(result).sort()).toEqual(files.map((path) => `files ${path}`).sort());
    expect(new Set(result.findings.map(({ detail }) => detail))).toEqual(
      new Set(['does not belong to the backup']),
    );
  });

  test('of a backup without a list of what was made last nobody knows what may stand there', async () => {
    const list = join(base, '.cellarman/made-last.json');
    const kept = readFileSync(list);
    const other = join(base, 'data/server.crt');
    writeFileSync(other, '');
    rmSync(list);
    const unknown = await verify('latest');
    writeFileSync(list, '[1]');
    const broken = await verify('latest');
    writeFileSync(list, kept);
    rmSync(other);
    expect(unknown.result.findings).toEqual([]);
    expect(places(broken.result)).toEqual(['files .cellarman/made-last.json']);
  });

  test('configuration from elsewhere and what links led to belong to the backup', async () => {
    const { dataDir, directory, uid, gid } = site.postgres;
    const links = ['server.crt', 'base/1/notes'];
    const outside = join(directory, 'certificate');
    writeFileSync(outside, 'certificate');
    chownSync(outside, uid, gid);
    for (const name of links) symlinkSync(outside, join(dataDir, name));
    const earlier = base;
    try {
      const backup = await site.run('backup', 'pg', '--wait');
      expect(backup.status).toBe(0);
      base = join(site.root, 'base', readdirSync(join(site.root, 'base')).sort().at(-1) ?? '');
      for (const name of links) expect(readFileSync(join(base, 'data', name), 'utf8')).toBe('certificate');
      const { status, result } = await verify('latest');
      expect(result.findings).toEqual([]);
      expect(status).toBe(0);
      for (const name of links) rmSync(join(base, 'data', name));
      const without = await verify('latest');
      expect(places(without.result).sort()).toEqual(links.map((name) => `files data/${name}`).sort());
      expect(without.result.findings.map(({ detail }) => detail)).toEqual(links.map(() => 'is missing'));
    } finally {
      for (const name of links) rmSync(join(dataDir, name));
      if (base !== earlier) {
        rmSync(base, { recursive: true });
        rmSync(join(site.root, 'meta', `${basename(base)}-backup.info`));
      }
      base = earlier;
    }
  });

  test('WAL that is missing or damaged', async () => {
    const shown = JSON.parse((await site.run('-f', 'json', 'show-backup', 'pg', 'latest')).stdout) as {
      readonly pg: { readonly base_backup_information: { readonly begin_wal: string } };
    };
    const wal = shown.pg.base_backup_information.begin_wal;
    const path = join(site.root, 'wals', wal.slice(0, 16), wal);
    const kept = readFileSync(path);
    rmSync(path);
    const missing = await verify('latest');
    expect(missing.status).toBe(1);
    expect(missing.result.findings).toEqual([
      { check: 'wal', path: wal, detail: 'is missing in the archive' },
    ]);
    const bytes = Buffer.from(kept);
    bytes.writeUInt8(bytes.readUInt8(200) ^ 1, 200);
    writeFileSync(path, bytes);
    const broken = await verify('latest');
    writeFileSync(path, kept);
    expect(places(broken.result)).toEqual([`wal ${wal}`]);
    expect(broken.result.findings[0]?.detail).toContain('is damaged at');
  });

  test.skipIf(!requirePostgresTool('pg_verifybackup', 15))(
    'pg_verifybackup accepts the manifest that generate-manifest writes, and so do we',
    async () => {
      const made = await site.run('generate-manifest', 'pg', 'latest');
      expect(made.stderr).toBe('');
      expect(made.status).toBe(0);
      const again = await site.run('generate-manifest', 'pg', 'latest');
      expect(again.status).toBe(1);
      expect(again.stderr).toContain('backup_manifest exists already');
      const restored = mkdtempSync(join(tmpdir(), 'cellarman-verify-'));
      try {
        cpSync(join(base, 'data'), restored, { recursive: true });
        const oid = elsewhere.slice(0, elsewhere.indexOf('/'));
        mkdirSync(join(restored, 'pg_tblspc'), { recursive: true });
        symlinkSync(join(base, oid), join(restored, 'pg_tblspc', oid));
        const program = postgresTool('pg_verifybackup', 15) ?? '';
        const options = ['-e', '-w', join(site.root, 'wals', '0000000100000000'), restored];
        const said = execFileSync(program, options, { encoding: 'utf8' });
        expect(said).toContain('backup successfully verified');
        const { result } = await verify('latest');
        expect(result.findings).toEqual([]);
        expect(result.checks.find(({ check }) => check === 'backup_manifest')?.outcome).toBe('passed');
        const found = await damaged(relation, (content) => content.writeUInt8(content.readUInt8(9) ^ 1, 9));
        expect(places(found)).toContain(`backup_manifest ${relation}`);
      } finally {
        rmSync(restored, { recursive: true });
        rmSync(join(base, 'data', 'backup_manifest'));
      }
    },
  );

  describe('--restore-test', () => {
    let scratch: string;
    let args: readonly string[];

    beforeAll(() => {
      scratch = mkdtempSync(join(tmpdir(), 'cellarman-verify-'));
      chmodSync(scratch, 0o755);
      args = ['latest', '--restore-test', '--scratch', scratch, '--pg-bin', site.postgres.binDir];
    });

    afterAll(() => rmSync(scratch, { recursive: true }));

    /** Nothing runs in it, and nothing lies in it. */
    function expectCleanedUp(): void {
      expect(readdirSync(scratch)).toEqual([]);
      const running = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' });
      expect(running.split('\n').filter((line) => line.includes(scratch))).toEqual([]);
    }

    test('starts a server from the backup, looks at everything in it, and leaves nothing', async () => {
      const good = await verify(
        ...args,
        '--sql',
        'select count(*) from here',
        '--sql',
        'select 1 from there',
      );
      expect(good.result.findings).toEqual([]);
      expect(good.status).toBe(0);
      const outcome = good.result.checks.find(({ check }) => check === 'restore');
      expect(outcome?.detail).toMatch(
        /^PostgreSQL 15 became consistent; amcheck of [1-9]\d+ relations, 2 statements$/,
      );
      expectCleanedUp();
      const shown = await site.run('show-backup', 'pg', 'latest');
      expect(shown.stdout).toMatch(/Verification +: passed .*, with a restore test$/m);
    });

    test('tells of a statement that fails, and of a backup that cannot be restored', async () => {
      const { result } = await verify(...args, '--sql', 'select count(*) from nowhere');
      expect(result.findings.map(({ check, detail }) => [check, detail])).toEqual([
        ['restore', expect.stringContaining('relation "nowhere" does not exist')],
      ]);
      expectCleanedUp();
      const file = join(base, relation);
      const kept = readFileSync(file);
      writeFileSync(file, Buffer.concat([kept.subarray(0, 5000), Buffer.from('?'), kept.subarray(5001)]));
      const damaged = await verify(...args);
      writeFileSync(file, kept);
      expect(places(damaged.result)).toEqual([`files ${relation}`, `pages ${relation}`, 'restore null']);
      expectCleanedUp();
    });

    test('needs the programs of that major, which is no matter of the backup', async () => {
      const { status, stderr } = await site.run('verify-backup', 'pg', ...args, '--pg-bin', scratch);
      expect(status).toBe(1);
      expect(stderr).toContain('the server program of PostgreSQL 15 was not found');
      expectCleanedUp();
    });

    test('leaves nothing when it is interrupted', async () => {
      const sleep = ['--sql', 'select pg_sleep(600)'];
      const run = site.start('verify-backup', 'pg', ...args, ...sleep);
      while (!run.said().stdout.includes('Restore test: checking')) {
        if (run.child.exitCode !== null) throw new Error(run.said().stderr);
        await setTimeout(50);
      }
      run.child.kill('SIGTERM');
      const { status } = await run.outcome;
      expect(status).not.toBe(0);
      expectCleanedUp();
    });
  });

  test.skipIf(!requireBarman() || !requireProgram('rsync'))('a backup that Barman made', async () => {
    const home = join(site.dir, 'barman');
    const incoming = join(home, 'pg', 'incoming');
    mkdirSync(incoming, { recursive: true });
    chmodSync(incoming, 0o777);
    await site.postgres.query(`alter system set archive_command = 'cp %p ${incoming}/%f'`);
    await site.postgres.query('select pg_reload_conf(), pg_switch_wal()');
    const config = join(site.dir, 'own.conf');
    writeFileSync(
      config,
      readFileSync(site.config, 'utf8').replace(/^barman_home = .*$/m, `barman_home = ${home}`),
    );
    const command = (...args: readonly string[]) => barman(config, ...args);
    expect(command('switch-wal', '--force', '--archive', 'pg').stderr).toBe('');
    const backup = command('backup', 'pg', '--wait');
    expect(backup.stdout).toContain('Backup completed');
    const { status, stdout } = await runCli(['-c', config, '-f', 'json', 'verify-backup', 'pg', 'latest']);
    const { pg: result } = JSON.parse(stdout) as { readonly pg: Result };
    expect(result.findings).toEqual([]);
    expect(status).toBe(0);
    expect(result.checks.map(({ check, outcome }) => `${check} ${outcome}`)).toEqual([
      'cluster passed',
      'files skipped',
      'backup_manifest skipped',
      'wal passed',
      'pages passed',
    ]);
    expect(command('list-backup', 'pg').stdout).toContain('Size');
  });
});
