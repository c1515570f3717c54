import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfiguration } from '../../../src/manager/config/load.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'cellarman-config-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

function write(name: string, text: string): string {
  const path = join(dir, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

/** The configuration of the best-known tutorial, plus what a test adds. */
function main(more = '', global = ''): string {
  return write(
    'barman.conf',
    `[barman]
barman_home = ${dir}/home
configuration_files_directory = ${dir}/conf.d
compression = gzip
reuse_backup = link
backup_method = rsync
archiver = on
${global}
[pg]
description = "Main PG Server"
ssh_command = ssh postgres@pg
conninfo = host=pg user=barman dbname=postgres
retention_policy_mode = auto
retention_policy = RECOVERY WINDOW OF 7 days
wal_retention_policy = main
${more}`,
  );
}

const load = (explicit = join(dir, 'barman.conf')) => loadConfiguration({ explicit, env: {} });

function pg(explicit?: string) {
  const configuration = load(explicit);
  const server = configuration.servers.get('pg');
  if (server === undefined) throw new Error('there is no server pg');
  return { ...server, all: configuration };
}

describe('loadConfiguration', () => {
  it('reads the configuration of the tutorial without a word', () => {
    main();
    const { options, disabledBecause, all, sources } = pg();
    expect(all.warnings).toEqual([]);
    expect(disabledBecause).toEqual([]);
    expect(options).toMatchObject({
      description: 'Main PG Server',
      compression: 'gzip',
      reuse_backup: 'link',
      archiver: true,
      retention_policy: { kind: 'recovery window', amount: 7, unit: 'DAY', milliseconds: 7 * 86_400_000 },
      wals_directory: `${dir}/home/pg/wals`,
      xlogdb_directory: `${dir}/home/pg/wals`,
      streaming_conninfo: 'host=pg user=barman dbname=postgres',
      cluster: 'pg',
      check_timeout: 30,
    });
    expect(sources.get('compression')).toMatchObject({ file: join(dir, 'barman.conf'), line: 4 });
    expect(sources.get('check_timeout')).toBe('default');
  });

  it('lays the included files and the automatic one over the main file', () => {
    main('parallel_jobs = 2\ncheck_timeout = 1\n');
    write('conf.d/20.conf', '[pg]\nparallel_jobs = 4\ncheck_timeout = 4\n');
    write('conf.d/10.conf', '[pg]\nparallel_jobs = 3\n[other]\nactive = false\n');
    write('conf.d/ignored.txt', 'nonsense');
    write('home/.barman.auto.conf', '[pg]\ncheck_timeout = 5\n');
    const { options, all } = pg();
    expect([options.parallel_jobs, options.check_timeout]).toEqual([4, 5]);
    expect([...all.servers.keys()]).toEqual(['other', 'pg']);
  });

  it('lets a server hide an inherited value with an empty one, but not an inherited age', () => {
    main(
      'compression =\nbandwidth_limit =\nlast_backup_maximum_age =\n',
      'bandwidth_limit = 5\nlast_backup_maximum_age = 1 day',
    );
    const { options, warnings } = pg();
    expect(options).toMatchObject({ compression: null, bandwidth_limit: null, last_backup_maximum_age: 24 });
    expect(warnings).toEqual([]);
  });

  it('says of a bad value where it stands and what is allowed, and goes on without it', () => {
    const file = main('reuse_backup = maybe\nparallel_jobs =\nlast_backup_minimum_size = 3 kk\n');
    const { options, all } = pg();
    expect(options.reuse_backup).toBe('link');
    expect(all.warnings).toEqual([
      `Ignoring invalid configuration value '3 kk' for key last_backup_minimum_size in [pg] section (${file}:18): allowed is a number of bytes, optionally with k, Ki, M, Mi, G, Gi, T or Ti`,
      `Ignoring invalid configuration value 'maybe' for key reuse_backup in [pg] section (${file}:16): allowed is link, copy, off`,
      `Ignoring invalid configuration value '' for key parallel_jobs in [pg] section (${file}:17): allowed is a whole number from 1`,
    ]);
  });

  it('never puts an inherited retention policy in the place of one it cannot read', () => {
    main('retention_policy = REDUNDANCY some\n', 'retention_policy = REDUNDANCY 1');
    const { options, warnings } = pg();
    expect(options.retention_policy).toBeNull();
    expect(warnings.map(({ key }) => key)).toEqual(['retention_policy']);
  });

  it('warns of unknown keys in every section', () => {
    const file = main('whatever = 1\n', 'nonsense = 2\nconninfo = x');
    expect(load().warnings).toEqual([
      `Invalid configuration option "nonsense" in [barman] section (${file}:8).`,
      `Invalid configuration option "conninfo" in [barman] section (${file}:9).`,
      `Invalid configuration option "whatever" in [pg] section (${file}:17).`,
    ]);
  });

  it('fills in references to keys of the section, of [barman], and to defaults', () => {
    main('wals_directory = %(barman_home)s/archive/%(name)s\nxlogdb_directory = %(backup_directory)s/db\n');
    expect(pg().options).toMatchObject({
      wals_directory: `${dir}/home/archive/pg`,
      xlogdb_directory: `${dir}/home/pg/db`,
    });
  });

  it('reports references that lead in a circle', () => {
    main('backup_directory = %(wals_directory)s/..\n');
    expect(pg().warnings.map(({ text }) => text)[0]).toMatch(/backup_directory .*circle/);
  });

  it('disables a server that contradicts itself, and no other', () => {
    main(
      '\n[bad]\nssh_command = ssh x\n[ugly]\nconninfo = host=x\nssh_command = ssh x\nbackup_compression = gzip\n',
    );
    const { servers } = load();
    expect(servers.get('bad')?.disabledBecause).toEqual([
      "PostgreSQL connection: Missing 'conninfo' parameter for server 'bad'",
    ]);
    expect(servers.get('ugly')?.disabledBecause).toEqual([
      'backup_compression option is not supported by rsync backup_method',
    ]);
    expect(servers.get('pg')?.disabledBecause).toEqual([]);
  });

  it('disables a server with a connection string that is none, and takes every form of libpq', () => {
    main(
      "[a]\nconninfo = host='x\nssh_command = ssh x\n[b]\nconninfo = postgresql://u:p@h/d?sslmode=require\nssh_command = ssh x\n",
    );
    const { servers } = load();
    expect(servers.get('a')?.disabledBecause.map((reason) => reason.replace(/: .*/, ''))).toEqual([
      'conninfo',
    ]);
    expect(servers.get('b')?.disabledBecause).toEqual([]);
  });

  it('disables a server with a line that is no option', () => {
    const file = main('just words\n');
    expect(pg().disabledBecause).toEqual([
      `${file}:16: "just words" is neither a [section] nor "key = value"`,
    ]);
  });

  it('disables both servers that would share a directory', () => {
    main(`[two]\nconninfo = host=x\nssh_command = ssh x\nwals_directory = ${dir}/home/pg/wals\n`);
    for (const server of load().servers.values()) {
      expect(server.disabledBecause).toEqual([
        `Conflicting path: wals_directory=${dir}/home/pg/wals for server 'two' conflicts with 'wals_directory' for server 'pg'`,
      ]);
    }
  });

  it('turns the archiver on where no WAL would come in', () => {
    main('archiver = off\n');
    expect(pg().options.archiver).toBe(true);
    expect(load().warnings.at(-1)).toBe("Forcing 'archiver = on'");
  });

  it('applies the active model, which cannot move directories', () => {
    main('cluster = c\n[m]\nmodel = true\ncluster = c\nparallel_jobs = 9\nwals_directory = /x\n');
    write('home/pg/.active-model.auto', 'm\n');
    const { options, activeModel, all, disabledBecause } = pg();
    expect(disabledBecause).toEqual([]);
    expect(activeModel).toBe('m');
    expect(options).toMatchObject({ parallel_jobs: 9, wals_directory: `${dir}/home/pg/wals` });
    expect([...all.servers.keys()]).toEqual(['pg']);
    expect([...(all.models.get('m')?.sets.keys() ?? [])]).toEqual(['parallel_jobs']);
    expect(all.warnings).toEqual([
      `Invalid configuration option "wals_directory" in [m] section (${join(dir, 'barman.conf')}:21).`,
    ]);
  });

  it('disables a server whose active model is gone', () => {
    main();
    write('home/pg/.active-model.auto', 'm');
    expect(pg().disabledBecause[0]).toMatch(/^Model 'm' is set as active for 'pg'/);
  });

  it('reads cellarman.d beside the main file', () => {
    main();
    write(
      'cellarman.d/a.conf',
      '[cellarman]\nlanes = 3\n[pg]\ntransport = command\nssh_command = x\n[nobody]\nlanes = 1\n',
    );
    const { own, all, options } = pg();
    expect(own).toEqual({ transport: 'command', known_hosts: null, sftp_root: null, lanes: 3 });
    expect(options.ssh_command).toBe('ssh postgres@pg');
    expect(all.warnings).toEqual([
      `Invalid configuration option "ssh_command" in [pg] section (${dir}/cellarman.d/a.conf:5).`,
      `Invalid configuration option "lanes" in [nobody] section (${dir}/cellarman.d/a.conf:7).`,
    ]);
  });

  it('refuses what leaves nothing to go on with', () => {
    expect(() => load()).toThrow(/no configuration file: none of .*barman.conf exists/);
    write('barman.conf', '[pg]\n');
    expect(() => load()).toThrow('"barman_home" is required');
    main('[all]\n');
    expect(() => load()).toThrow("'all' is not allowed");
    main();
    write('conf.d/x.conf', '[barman]\nbarman_home = /\n');
    expect(() => load()).toThrow('x.conf: this file contains a not empty [barman] section');
  });

  it('finds the main file by the environment', () => {
    const file = main();
    const own = write('own.conf', `[barman]\nbarman_home = ${dir}\n`);
    expect(loadConfiguration({ env: { BARMAN_CONFIG_FILE: file } }).mainFile).toBe(file);
    expect(
      loadConfiguration({ env: { BARMAN_CONFIG_FILE: file, CELLARMAN_CONFIG_FILE: own } }).mainFile,
    ).toBe(own);
    write('.barman.conf', `[barman]\nbarman_home = ${dir}\n`);
    expect(loadConfiguration({ env: { HOME: dir } }).mainFile).toBe(join(dir, '.barman.conf'));
  });
});
