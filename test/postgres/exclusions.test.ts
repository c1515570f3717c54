import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { type Exclusion, exclusionOf, walDirectories } from '../../src/postgres/exclusions.ts';
import { byteString, fromText } from '../../src/system/byte-string.ts';
import { postgresAvailable, startPostgres, type TestPostgres } from '../support/postgres.ts';
import { baseBackup } from '../support/postgres-base-backup.ts';
import { requireProgram } from '../support/programs.ts';

const at = (directory: string, name: string, siblings: string[] = []): Exclusion | undefined =>
  exclusionOf(byteString(directory), byteString(name), new Set(siblings));

test.each<[string, string, Exclusion | undefined]>([
  ['', 'pg_wal', 'wal'],
  ['', 'pg_replslot', 'contents'],
  ['', 'pg_subtrans', 'contents'],
  ['', 'postmaster.pid', 'file'],
  ['', 'backup_manifest', 'file'],
  ['', 'postgresql.auto.conf', undefined],
  ['', 'postgresql.auto.conf.tmp', 'file'],
  ['', 'recovery.signal', undefined],
  ['global', 'pg_internal.init.4711', 'file'],
  ['global', 'pg_control', undefined],
  ['base', 'pgsql_tmp', 'temporary'],
  ['base/5', 't3_16384', 'temporary'],
  ['base/5', 't3_16384.1', 'temporary'],
  ['', 't3_16384', undefined],
  ['pg_tblspc/16384/PG_15_202209061/5', 't3_16384', 'temporary'],
  ['base/5', '16384', undefined],
  ['base/5', 'pg_internal.init', 'file'],
  ['', 'log', undefined],
  ['base/5', '.DS_Store', 'file'],
])('"%s" has "%s": %s', (directory, name, expected) => {
  expect(at(directory, name)).toBe(expected);
});

test('of an unlogged relation only the init fork is kept', () => {
  const siblings = ['16384', '16384.1', '16384_fsm', '16384_vm', '16384_init', '163840'];
  const kept = siblings.filter((name) => at('base/5', name, siblings) === undefined);
  expect(kept).toEqual(['16384_init', '163840']);
  expect(at('global', '16384', siblings)).toBeUndefined();
});

test('the directory of the statistics collector may have another name', () => {
  const rules = { statsTempDirectory: byteString('run/stats') };
  expect(exclusionOf(byteString('run'), byteString('stats'), new Set(), rules)).toBe('contents');
  expect(exclusionOf(byteString(''), byteString('stats'), new Set(), rules)).toBeUndefined();
});

test('the directories below pg_wal', () => {
  expect(walDirectories(16)).toEqual(['pg_wal/archive_status']);
  expect(walDirectories(17)).toEqual(['pg_wal/archive_status', 'pg_wal/summaries']);
});

// What BASE_BACKUP can write on the server itself is there from 15 on.
describe.skipIf(!postgresAvailable() || !requireProgram('tar')).each([15, 17, 18] as const)(
  'a base backup of PostgreSQL %i',
  (major) => {
    test('holds exactly what is not excluded', async () => {
      const server = await startPostgres({ major, walSegmentSize: 1, settings: { autovacuum: false } });
      const session = new pg.Client({ host: server.host, port: server.port, user: 'postgres' });
      try {
        await session.connect();
        await session.query('create temporary table mine as select generate_series(1, 1000)');
        for (const table of ['unlogged table fast', 'table slow']) {
          await server.query(`create ${table} as select generate_series(1, 1000) i`);
        }
        await server.query('vacuum');
        await server.query('checkpoint');
        litter(server);
        const expected = keptBelow(server.dataDir, '').concat(walDirectories(major));
        expect(listBackup(join(await baseBackup(server), 'base.tar'))).toEqual(expected.sort());
      } finally {
        await session.end();
        await server.stop();
      }
    });
  },
);

/** Files that a running cluster may or may not have at this moment. */
function litter({ dataDir, uid, gid }: TestPostgres): void {
  const names = [
    'backup_label.old',
    '.DS_Store',
    'current_logfiles.tmp',
    'postgresql.auto.conf.tmp',
    'backup_manifest',
    'tablespace_map',
    'global/pg_internal.init.4711',
    'base/1/t9_16384_fsm',
    'base/1/t9',
    'base/1/99999_init',
    'base/1/99999.2',
    'base/1/99999_vm',
    'pg_replslot/left',
    'pg_stat_tmp/left',
    'pg_notify/left',
  ];
  for (const directory of ['base/pgsql_tmp', 'mine', 'mine/pg_serial']) {
    mkdirSync(join(dataDir, directory), { recursive: true });
  }
  for (const name of [
    ...names,
    'base/pgsql_tmp/pgsql_tmp1.1',
    'mine/pgsql_tmp_1',
    'mine/pg_serial/left',
    'mine/kept',
  ]) {
    writeFileSync(join(dataDir, name), 'x');
  }
  execFileSync('chown', ['-R', `${uid}:${gid}`, dataDir]);
}

function listBackup(archive: string): string[] {
  return execFileSync('tar', ['-tf', archive], { encoding: 'utf8' })
    .trimEnd()
    .split('\n')
    .map((path) => path.replace(/^\.\//, '').replace(/\/$/, ''))
    .filter((path) => path !== '' && path !== '.' && path !== 'backup_label')
    .sort();
}

function keptBelow(root: string, directory: string): string[] {
  const names = readdirSync(join(root, directory));
  return names.flatMap((name) => {
    const path = directory === '' ? name : `${directory}/${name}`;
    const exclusion = exclusionOf(fromText(directory), fromText(name), new Set(names));
    if (exclusion === 'contents' || exclusion === 'wal') return [path];
    if (exclusion !== undefined) return [];
    return lstatSync(join(root, path)).isDirectory() ? [path, ...keptBelow(root, path)] : [path];
  });
}
