import { execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resolveConninfo } from '../../../src/postgres/conninfo/resolve.ts';
import { openSession } from '../../../src/postgres/server/session.ts';
import { postgresAvailable, startPostgres, type TestPostgres } from '../../support/postgres.ts';
import { postgresTool, requirePostgresTool } from '../../support/postgres-tools.ts';

const QUESTION =
  "SELECT user || '|' || pg_catalog.current_database() || '|' || pg_catalog.current_setting('application_name') AS me";

describe.skipIf(!postgresAvailable() || !requirePostgresTool('psql', 15))('as libpq', () => {
  let server: TestPostgres;
  let environment: Record<string, string>;

  beforeAll(async () => {
    server = await startPostgres({ major: 15, walSegmentSize: 1 });
    await server.query("create role \"it's me\" login password 'p:a\\ss word'");
    await server.query('create role trusted login');
    await server.query('create database "d b"');
    writeFileSync(
      join(server.dataDir, 'pg_hba.conf'),
      'host all "it\'s me" all scram-sha-256\nhost all all all trust\nlocal all all trust\n',
    );
    await server.query('select pg_reload_conf()');
    const file = (name: string, content: string): string => {
      const path = join(server.directory, name);
      writeFileSync(path, content);
      chmodSync(path, 0o600);
      return path;
    };
    environment = {
      PGSERVICEFILE: file('services', `[s]\nhost=127.0.0.1\nport=${server.port}\nuser=trusted\ndbname=d b\n`),
      PGPASSFILE: file('pgpass', `127.0.0.1:${server.port}:d b:it's me:p\\:a\\\\ss word\n`),
      PGAPPNAME: 'from the environment',
    };
  });
  afterAll(() => server?.stop());

  function libpq(conninfo: string): string {
    const program = postgresTool('psql', 15) ?? '';
    return execFileSync(program, ['-X', '-w', '-A', '-t', '-c', QUESTION, '-d', conninfo], {
      encoding: 'utf8',
      // In PATH is the `sh` that Debian's wrapper needs.
      env: { PATH: process.env['PATH'], HOME: server.directory, ...environment },
      stdio: 'pipe',
    }).trimEnd();
  }

  async function ours(conninfo: string): Promise<string> {
    const surroundings = { environment, home: server.directory, userName: 'nobody' };
    await using session = await openSession(resolveConninfo(conninfo, surroundings));
    return (await session.one(QUESTION)).text('me');
  }

  test.each([
    "host=127.0.0.1 port=PORT user='it\\'s me' dbname='d b'",
    "host = '127.0.0.1' port= PORT user=it\\'s\\ me dbname=d\\ b application_name = 'a\\\\b\\'c'",
    "host=127.0.0.1 port=PORT user=trusted dbname=postgres application_name=a\\\\b'c",
    'host=127.0.0.1 port=PORT user=trusted dbname=postgres application_name=x application_name=y',
    'postgresql://trusted@127.0.0.1:PORT/d%20b?application_name=a%27b+c%20d',
    "postgres://it's%20me:p%3Aa%5Css%20word@127.0.0.1:PORT/postgres",
    'postgresql://127.0.0.1:1,127.0.0.1:PORT/d%20b?user=trusted',
    'postgresql://trusted@:PORT/postgres?host=127.0.0.1',
    'postgresql:///postgres?user=trusted&host=127.0.0.1&port=PORT&sslmode=disable',
    'postgresql://trusted@SOCKET:PORT/postgres',
    'service=s',
    'service=s dbname=postgres application_name=',
    'postgresql:///?service=s',
    'host=nonexistent.invalid hostaddr=127.0.0.1 port=PORT user=trusted dbname=postgres',
    'host=127.0.0.1,127.0.0.1 port=1,PORT user=trusted dbname=postgres target_session_attrs=read-write',
  ])('%s', async (template) => {
    const conninfo = template
      .replace('PORT', String(server.port))
      .replace('SOCKET', encodeURIComponent(server.directory));
    expect(await ours(conninfo)).toBe(libpq(conninfo));
  });
});
