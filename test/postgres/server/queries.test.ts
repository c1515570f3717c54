import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { chown, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseBackupLabel } from '../../../src/postgres/backup-label.ts';
import { resolveConninfo } from '../../../src/postgres/conninfo/resolve.ts';
import { parseControlFile } from '../../../src/postgres/control-file.ts';
import { archiverStatus } from '../../../src/postgres/server/archiver.ts';
import { startBackup, stopBackup } from '../../../src/postgres/server/base-backup.ts';
import { identifyServer, isInRecovery } from '../../../src/postgres/server/identity.ts';
import { missingPrivileges } from '../../../src/postgres/server/privileges.ts';
import { listReplicationSlots, listWalReceiverClients } from '../../../src/postgres/server/replication.ts';
import { openSession, type Session } from '../../../src/postgres/server/session.ts';
import { findConfigurationFiles, readSettings } from '../../../src/postgres/server/settings.ts';
import { listTablespaces } from '../../../src/postgres/server/tablespaces.ts';
import {
  checkpoint,
  createRestorePoint,
  switchWal,
  walPosition,
} from '../../../src/postgres/server/wal-position.ts';
import { parseTablespaceMap } from '../../../src/postgres/tablespace-map.ts';
import { fromText } from '../../../src/system/byte-string.ts';
import { MAJORS, postgresAvailable, startPostgres, type TestPostgres } from '../../support/postgres.ts';
import { startStandby } from '../../support/postgres-standby.ts';

const surroundings = { environment: {}, home: '/nonexistent', userName: 'nobody' };
const open = (server: TestPostgres, user = 'postgres'): Promise<Session> =>
  openSession(resolveConninfo(server.conninfo.replace('user=postgres', `user=${user}`), surroundings));

describe.skipIf(!postgresAvailable()).each(MAJORS)('PostgreSQL %i', (major) => {
  let server: TestPostgres;
  let session: Session;
  beforeAll(async () => {
    server = await startPostgres({
      major,
      checksums: major !== 13,
      walSegmentSize: 1,
      settings: { archive_mode: true, archive_command: 'test ! -e fail', shared_preload_libraries: '' },
    });
    session = await open(server);
  });
  afterAll(async () => {
    await session?.close();
    await server?.stop();
  });

  test('says what it is', async () => {
    const control = parseControlFile(await readFile(join(server.dataDir, 'global/pg_control')));
    const identity = await identifyServer(session);
    expect(identity).toMatchObject({
      systemIdentifier: control.systemIdentifier,
      catalogVersion: control.catalogVersion,
      dataDirectory: fromText(server.dataDir),
      blockSize: 8192,
      walSegmentSize: 2 ** 20,
      relationSegmentBlocks: 131_072,
      checksums: major !== 13,
      inRecovery: false,
      timeline: 1,
      superuser: true,
    });
    expect(identity.version.major).toBe(major);
    expect(Math.abs(identity.startedAt / 1000 - Date.now())).toBeLessThan(600_000);
  });

  test('shows its settings and where they come from', async () => {
    const settings = await readSettings(session);
    expect(settings.get('archive_mode')).toEqual({
      value: 'on',
      unit: undefined,
      source: 'configuration file',
      pendingRestart: false,
    });
    expect(settings.get('shared_buffers')).toMatchObject({ value: '2048', unit: '8kB' });
    writeFileSync(join(server.dataDir, 'extra.conf'), "work_mem = '5MB'\n");
    appendFileSync(join(server.dataDir, 'postgresql.conf'), "include 'extra.conf'\n");
    await server.query('alter system set maintenance_work_mem = 65536');
    await server.query('select pg_reload_conf()');
    await delay(300);
    expect(await findConfigurationFiles(session)).toEqual({
      main: join(server.dataDir, 'postgresql.conf'),
      hba: join(server.dataDir, 'pg_hba.conf'),
      ident: join(server.dataDir, 'pg_ident.conf'),
      included: [join(server.dataDir, 'extra.conf')],
    });
  });

  test('lists tablespaces with their bytes', async () => {
    const location = join(server.directory, 'a naïve place');
    mkdirSync(location);
    await chown(location, server.uid, server.gid);
    await server.query(`create tablespace "Größe" location '${location}'`);
    const tablespaces = await listTablespaces(session);
    expect(tablespaces).toEqual([
      { oid: expect.any(Number), name: fromText('Größe'), location: fromText(location) },
    ]);
    await server.query('drop tablespace "Größe"');
  });

  test('takes a backup in one session', async () => {
    const location = join(server.directory, 'naïve');
    mkdirSync(location);
    await chown(location, server.uid, server.gid);
    await server.query(`create tablespace t location '${location}'`);
    const before = await walPosition(session);
    const started = await startBackup(session, { label: 'nightly\nSTART', fast: true });
    expect(started.startLsn).toBeGreaterThan(before);
    await server.query('create table during (a int)');
    const stopped = await stopBackup(session, { waitForArchive: true });
    expect(stopped.stopLsn).toBeGreaterThan(started.startLsn);
    expect(stopped.time).toBeGreaterThan(started.time);
    expect(Math.abs(stopped.time / 1000 - Date.now())).toBeLessThan(60_000);
    expect(parseBackupLabel(stopped.label)).toMatchObject({
      startLsn: started.startLsn,
      label: 'nightly START',
    });
    expect(parseTablespaceMap(stopped.tablespaceMap)).toEqual([
      { oid: expect.any(Number), location: fromText(location) },
    ]);
    await server.query('drop tablespace t');
    await expect(stopBackup(session, { waitForArchive: false })).rejects.toThrow(
      expect.objectContaining({ code: 'POSTGRES_QUERY', message: expect.stringMatching(/not in progress/) }),
    );
  });

  test('switches WAL, and when idle only with something to write', async () => {
    await server.query('create table something (a int)');
    const first = await switchWal(session);
    const idle = await switchWal(session);
    expect(idle - first).toBeLessThan(BigInt(2 ** 20));
    const forced = await switchWal(session, { force: 'cellarman' });
    expect(forced).toBeGreaterThan(idle);
    const point = await createRestorePoint(session, 'named');
    expect(point).toBeGreaterThan(forced);
    await checkpoint(session);
    expect(await walPosition(session)).toBeGreaterThan(point);
  });

  test('tells how archiving fares', async () => {
    await switchWal(session, { force: 'x' });
    const until = async (failing: boolean): Promise<Awaited<ReturnType<typeof archiverStatus>>> => {
      for (;;) {
        const status = await archiverStatus(session);
        if (status.failing === failing && status.lastArchived !== undefined) return status;
        await delay(50);
      }
    };
    const good = await until(false);
    expect(good.lastArchived?.name).toMatch(/^[0-9A-F]{24}/);
    writeFileSync(join(server.dataDir, 'fail'), '');
    await switchWal(session, { force: 'y' });
    const bad = await until(true);
    expect(bad.failed).toBeGreaterThan(good.failed);
    expect(bad.lastFailed?.name).toMatch(/^[0-9A-F]{24}$/);
    rmSync(join(server.dataDir, 'fail'));
  });

  test('names what a user lacks, and the remedy works', async () => {
    await server.query('create role "Backup User" login');
    await using limited = await open(server, "'Backup User'");
    await expect(startBackup(limited, { label: 'x', fast: true })).rejects.toThrow(
      expect.objectContaining({
        code: 'POSTGRES_PRIVILEGE',
        message: expect.stringMatching(/GRANT EXECUTE ON FUNCTION pg_catalog\.pg_\w+\(.*\) TO "Backup User"/),
      }),
    );
    await expect(identifyServer(limited)).rejects.toThrow(
      expect.objectContaining({
        code: 'POSTGRES_PRIVILEGE',
        message: expect.stringMatching(/pg_read_all_settings/),
      }),
    );
    const missing = await missingPrivileges(limited);
    expect(missing).toHaveLength(6);
    for (const { remedy } of missing) await server.query(remedy);
    expect(await missingPrivileges(limited)).toEqual([]);
    if (major >= 15) {
      const error: unknown = await checkpoint(limited).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'POSTGRES_PRIVILEGE', facts: { remedy: expect.any(String) } });
      const { facts } = error as { facts: { remedy: string } };
      await server.query(facts.remedy);
      await checkpoint(limited);
    }
    await startBackup(limited, { label: 'x', fast: true });
    await stopBackup(limited, { waitForArchive: false });
    expect((await identifyServer(limited)).superuser).toBe(false);
    await switchWal(limited, { force: 'z' });
    expect((await findConfigurationFiles(limited)).main).toContain('postgresql.conf');
  });

  test('has standbys, which take backups too', async () => {
    await server.query("select pg_create_physical_replication_slot('s', true)");
    const standby = await startStandby(server, { primary_slot_name: 's' });
    try {
      await using onStandby = await open(standby);
      expect(await isInRecovery(onStandby)).toBe(true);
      expect(await isInRecovery(session)).toBe(false);
      expect((await identifyServer(onStandby)).inRecovery).toBe(true);
      expect(await walPosition(onStandby)).toBeGreaterThan(0n);
      expect(await listReplicationSlots(session)).toEqual([
        { name: 's', type: 'physical', active: true, restartLsn: expect.any(BigInt), walStatus: 'reserved' },
      ]);
      const clients = await listWalReceiverClients(session);
      expect(clients).toEqual([
        expect.objectContaining({
          user: 'postgres',
          slot: 's',
          address: '127.0.0.1',
          sentLsn: expect.any(BigInt),
        }),
      ]);
      const started = await startBackup(onStandby, { label: 'x', fast: true });
      const stopped = await stopBackup(onStandby, { waitForArchive: false });
      expect(parseBackupLabel(stopped.label)).toMatchObject({ from: 'standby', startLsn: started.startLsn });
      expect(stopped.tablespaceMap).toBe('');
    } finally {
      await standby.stop();
    }
  });
});
