import fs from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BarmanHome, barmanHome } from '../support/barman-home.ts';
import { MAIN } from '../support/built-cli.ts';
import { runCli } from '../support/cli-process.ts';
import { postgresAvailable, startPostgres, type TestPostgres } from '../support/postgres.ts';
import { requireProgram } from '../support/programs.ts';
import { type Sshd, startSshd } from '../support/sshd.ts';

const ROWS = 60_000;

describe.skipIf(!postgresAvailable() || !requireProgram('sshd', 'ssh'))('WAL to and from PostgreSQL', () => {
  let home: BarmanHome;
  let writable: Sshd;
  let readOnly: Sshd;
  let primary: TestPostgres;
  let last = '';
  /** Takes part in no recovery itself. */
  let cold: string;
  const at = (...parts: readonly string[]): string => join(home.home, 'pg', ...parts);

  /** The server runs as somebody who may not read what is ours. */
  const own = (file: string, name: string): string => {
    const copy = join(primary.directory, name);
    fs.copyFileSync(file, copy);
    fs.chmodSync(copy, 0o600);
    fs.chownSync(copy, primary.uid, primary.gid);
    return copy;
  };
  const reach = (sshd: Sshd, name: string): string =>
    `--identity ${own(sshd.identityFile, `${name}-key`)} --known-hosts ${own(sshd.knownHostsFile, `${name}-hosts`)}`;
  const url = (sshd: Sshd, path: string): string => `sftp://${sshd.user}@${sshd.host}:${sshd.port}${path}`;
  const program = `${process.execPath} ${MAIN}`;

  beforeAll(async () => {
    home = barmanHome({ servers: { pg: 'compression = gzip\n' } });
    for (const name of ['incoming', 'streaming', 'wals', 'errors'])
      fs.mkdirSync(at(name), { recursive: true });
    [writable, readOnly] = await Promise.all([
      startSshd(),
      // All that an account for restore_command needs.
      startSshd({ config: ['ForceCommand internal-sftp -R'] }),
    ]);
    primary = await startPostgres({
      major: 17,
      walSegmentSize: 1,
      settings: { archive_mode: 'on', archive_command: 'false' },
    });
    await primary.query('CREATE TABLE ledger (number int, filler text)');
    await primary.shutDown();
    cold = join(primary.directory, 'cold');
    fs.cpSync(primary.dataDir, cold, { recursive: true });

    const command = `${program} wal-archive ${reach(writable, 'writable')} %p ${url(writable, at('incoming/'))}`;
    primary.set({ archive_command: command });
    await primary.start();
    await primary.query(
      `INSERT INTO ledger SELECT number, repeat(md5(number::text), 6) FROM generate_series(1, ${ROWS}) number`,
    );
    const [switched] = await primary.query<{ name: string }>(
      'SELECT pg_walfile_name(pg_switch_wal()) AS name',
    );
    last = switched?.name ?? '';
    await until(() => fs.existsSync(at('incoming', last)));
    await primary.shutDown();
    expect(await runCli(['-c', home.config, 'archive-wal', 'pg'])).toMatchObject({ status: 0, stderr: '' });
  });
  afterAll(async () => {
    await primary?.stop();
    await writable?.stop();
    await readOnly?.stop();
    home?.dispose();
  });

  /** A copy of the cold backup that recovers from the archive. */
  function recovering(name: string, restoreCommand: string): string {
    const data = join(primary.directory, name);
    fs.cpSync(cold, data, { recursive: true });
    fs.rmSync(join(data, 'pg_wal'), { recursive: true });
    fs.mkdirSync(join(data, 'pg_wal'));
    fs.writeFileSync(join(data, 'recovery.signal'), '');
    fs.appendFileSync(join(data, 'postgresql.conf'), `restore_command = '${restoreCommand}'\n`);
    fs.appendFileSync(join(data, 'postgresql.conf'), "archive_command = 'false'\n");
    for (const path of [data, ...fs.readdirSync(data, { recursive: true, encoding: 'utf8' })])
      fs.chownSync(path === data ? data : join(data, path), primary.uid, primary.gid);
    fs.chmodSync(data, 0o700);
    return data;
  }

  it('archives every segment, compressed', () => {
    const names = fs.readdirSync(at('wals', last.slice(0, 16)));
    expect(names.length).toBeGreaterThan(15);
    expect(names).toContain(last);
    expect(fs.readdirSync(at('incoming'))).toEqual([]);
    expect(fs.statSync(at('wals', last.slice(0, 16), names[0] ?? '')).size).toBeLessThan(1024 * 1024);
  });

  it('recovers all that was committed, through a read-only account, with one login', async () => {
    const spool = join(primary.directory, 'spool');
    fs.mkdirSync(spool, { mode: 0o700 });
    fs.chownSync(spool, primary.uid, primary.gid);
    const command = `${program} wal-restore ${reach(readOnly, 'read')} --spool-dir ${spool} ${url(readOnly, at())} %f %p`;
    const dataDir = recovering('recovered', command);
    const recovered = await startPostgres({ major: 17, dataDir });
    try {
      await until(() => recovered.log().includes('archive recovery complete'));
      const rows = await recovered.query(
        'SELECT count(*)::int AS count, sum(number)::text AS sum FROM ledger',
      );
      expect(rows).toEqual([{ count: ROWS, sum: String((ROWS * (ROWS + 1)) / 2) }]);
      expect(recovered.log().match(/restored log file "0{7}1/g)?.length).toBeGreaterThan(15);
      expect(readOnly.log().match(/Accepted publickey/g)).toHaveLength(1);
      // The helper goes with the recovery, and takes its files along.
      const isEmpty = (key: string): boolean => fs.readdirSync(join(spool, key)).length === 0;
      await until(() => fs.readdirSync(spool).every(isEmpty));
      expect(fs.readdirSync(join(dataDir, 'pg_wal')).filter((name) => name.startsWith('.'))).toEqual([]);
    } finally {
      await recovered.stop();
    }
  });

  it('does not open the database where the archive cannot be looked at', async () => {
    const spool = `--spool-dir ${join(primary.directory, 'spool-of-nothing')}`;
    const command = `${program} wal-restore ${reach(readOnly, 'read')} ${spool} ${url(readOnly, '/nowhere')} %f %p`;
    const dataDir = recovering('stopped', command);
    await expect(startPostgres({ major: 17, dataDir })).rejects.toThrow(
      /nowhere\/wals does not exist[\s\S]*exit code 200/,
    );
    expect(fs.existsSync(join(dataDir, 'recovery.signal'))).toBe(true);
  });
});

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 100));
}
