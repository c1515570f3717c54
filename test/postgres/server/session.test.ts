import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket, connect as tcpConnect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resolveConninfo } from '../../../src/postgres/conninfo/resolve.ts';
import { startBackup } from '../../../src/postgres/server/base-backup.ts';
import { keepAwake } from '../../../src/postgres/server/keep-awake.ts';
import { openSession, type Session } from '../../../src/postgres/server/session.ts';
import { MAJORS, postgresAvailable, startPostgres, type TestPostgres } from '../../support/postgres.ts';
import { startStandby } from '../../support/postgres-standby.ts';
import { freePort } from '../../support/sshd.ts';

const surroundings = { environment: {}, home: '/nonexistent', userName: 'nobody' };
const open = (conninfo: string, options = {}): Promise<Session> =>
  openSession(resolveConninfo(conninfo, surroundings), options);
const failureOf = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

describe.skipIf(!postgresAvailable()).each(MAJORS)('a session of PostgreSQL %i', (major) => {
  let server: TestPostgres;
  beforeAll(async () => {
    server = await startPostgres({
      major,
      walSegmentSize: 1,
      settings: {
        statement_timeout: '30min',
        lock_timeout: '25min',
        idle_in_transaction_session_timeout: '20min',
        ...(major >= 14 ? { idle_session_timeout: '15min' } : {}),
        ...(major >= 17 ? { transaction_timeout: '10min' } : {}),
        datestyle: 'German',
      },
    });
  });
  afterAll(() => server?.stop());

  test('has no time-outs, no search path, and the name it was given', async () => {
    await using session = await open(server.conninfo, { applicationName: 'a test' });
    expect(session.version.major).toBe(major);
    const setting = async (name: string): Promise<string> =>
      (await session.one("SELECT coalesce(pg_catalog.current_setting($1, true), '') AS value", [name])).text(
        'value',
      );
    const known = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'];
    if (major >= 14) known.push('idle_session_timeout');
    if (major >= 17) known.push('transaction_timeout');
    for (const name of known) expect(await setting(name), name).toBe('0');
    expect(await setting('search_path')).toBe('');
    expect(await setting('client_encoding')).toBe('SQL_ASCII');
    expect(await setting('datestyle')).toMatch(/^ISO/);
    expect(await setting('application_name')).toBe('a test');
    expect(session.pooled).toBe(false);
  });

  test('gives typed values, and refuses wrong ones', async () => {
    await using session = await open(server.conninfo);
    const row = await session.one(
      `SELECT 42 i, true f, '0/3000060'::pg_lsn l, null n, '\\x00ff'::bytea b, 'naïve' t, $1::text || $2::int v`,
      ['x', 7],
    );
    expect(row.integer('i')).toBe(42);
    expect(row.flag('f')).toBe(true);
    expect(row.lsn('l')).toBe(0x3000060n);
    expect(row.maybe('n', row.integer)).toBeUndefined();
    expect(row.bytes('b')).toBe('\0\xff');
    expect(row.text('t')).toBe('naïve');
    expect(row.text('v')).toBe('x7');
    for (const read of [
      () => row.integer('t'),
      () => row.flag('i'),
      () => row.text('n'),
      () => row.bytes('t'),
    ]) {
      expect(read).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
    }
  });

  test('runs statements one after the other, and goes on after a failure', async () => {
    await using session = await open(server.conninfo);
    const failing = session.all('SELECT 1/0');
    const following = session.one('SELECT 7 AS seven');
    await expect(failing).rejects.toThrow(
      expect.objectContaining({
        code: 'POSTGRES_QUERY',
        facts: { detail: 'division by zero', sqlstate: '22012' },
      }),
    );
    expect((await following).integer('seven')).toBe(7);
    await expect(session.one('SELECT 1 WHERE false')).rejects.toThrow(/one row/);
  });

  test('that the server ends says so, at once and for ever', async () => {
    const session = await open(server.conninfo);
    const lost = new Promise((resolve) => session.lost.addEventListener('abort', resolve, { once: true }));
    await server.query('select pg_terminate_backend($1)', [session.backendPid]);
    await lost;
    const expected = expect.objectContaining({ code: 'POSTGRES_CONNECTION_LOST' });
    expect(session.lost.reason).toEqual(expected);
    await expect(session.all('SELECT 1')).rejects.toThrow(expected);
    await expect(session.all('SELECT 1')).rejects.toThrow(expected);
    await session.close();
  });

  test('that is ended in the middle of a statement rejects it', async () => {
    await using session = await open(server.conninfo);
    const sleeping = failureOf(session.all('SELECT pg_catalog.pg_sleep(60)'));
    await delay(100);
    await server.query('select pg_terminate_backend($1)', [session.backendPid]);
    expect(await sleeping).toMatchObject({ code: 'POSTGRES_CONNECTION_LOST' });
  });

  test('can be aborted', async () => {
    const abort = new AbortController();
    const session = await open(server.conninfo, { signal: abort.signal });
    const sleeping = failureOf(session.all('SELECT pg_catalog.pg_sleep(60)'));
    await delay(50);
    abort.abort();
    expect(await sleeping).toMatchObject({ code: 'ABORTED' });
    await expect(open(server.conninfo, { signal: abort.signal })).rejects.toThrow(
      expect.objectContaining({ code: 'ABORTED' }),
    );
  });
});

describe.skipIf(!postgresAvailable())('connecting', () => {
  let server: TestPostgres;
  let standby: TestPostgres;
  beforeAll(async () => {
    server = await startPostgres({ major: 17, walSegmentSize: 1 });
    await server.query("create role with_password login password 'right'");
    await server.query('create role outsider login');
    standby = await startStandby(server);
  });
  afterAll(async () => {
    await standby?.stop();
    await server?.stop();
  });

  const at = (user: string, rest = ''): string =>
    `host=127.0.0.1 port=${server.port} user=${user} dbname=postgres ${rest}`;
  const openingFails = async (conninfo: string): Promise<unknown> =>
    open(conninfo).then(
      (session) => session.close().then(() => undefined),
      (error: unknown) => error,
    );

  test('goes over the socket', async () => {
    await using session = await open(
      `host=${server.directory} port=${server.port} user=postgres sslmode=verify-full`,
    );
    expect((await session.one('SELECT pg_catalog.inet_server_addr() IS NULL AS local')).flag('local')).toBe(
      true,
    );
  });

  test('sends options', async () => {
    await using session = await open(at('postgres', "options='-c work_mem=123kB' application_name=named"));
    const row = await session.one(
      "SELECT pg_catalog.current_setting('work_mem') mem, pg_catalog.current_setting('application_name') name",
    );
    expect([row.text('mem'), row.text('name')]).toEqual(['123kB', 'named']);
  });

  test('to nobody says where', async () => {
    const port = await freePort();
    expect(await openingFails(`host=127.0.0.1 port=${port} user=x`)).toMatchObject({
      code: 'POSTGRES_UNREACHABLE',
      message: expect.stringContaining(`127.0.0.1:${port}`),
    });
    expect(await openingFails(`host=${server.directory} port=${port} user=x`)).toMatchObject({
      code: 'POSTGRES_UNREACHABLE',
    });
  });

  test('to a server that says nothing ends after the time-out', async () => {
    const silent = await listen(() => undefined);
    try {
      expect(
        await openingFails(`host=127.0.0.1 port=${portOf(silent)} user=x connect_timeout=1`),
      ).toMatchObject({
        code: 'POSTGRES_UNREACHABLE',
        message: expect.stringMatching(/timeout/),
      });
    } finally {
      silent.close();
    }
  });

  test('without encryption that must be is refused', async () => {
    expect(await openingFails(at('postgres', 'sslmode=require'))).toMatchObject({
      code: 'POSTGRES_UNREACHABLE',
      message: expect.stringMatching(/SSL/),
    });
    expect(await openingFails(at('postgres', 'sslmode=prefer'))).toBeUndefined();
    expect(await openingFails(at('postgres', 'sslmode=allow'))).toBeUndefined();
  });

  test('as nobody the server knows', async () => {
    expect(await openingFails(at('stranger'))).toMatchObject({ code: 'POSTGRES_LOGIN_REFUSED' });
    expect(await openingFails(at('postgres').replace('dbname=postgres', 'dbname=missing'))).toMatchObject({
      code: 'POSTGRES_LOGIN_REFUSED',
      message: expect.stringContaining('missing'),
    });
  });

  test('with passwords', async () => {
    const hba = `${server.dataDir}/pg_hba.conf`;
    const before = readFileSync(hba, 'utf8');
    writeFileSync(hba, `host all with_password 127.0.0.1/32 scram-sha-256\n${before}`);
    await server.query('select pg_reload_conf()');
    await delay(200);
    expect(await openingFails(at('with_password', 'password=right'))).toBeUndefined();
    expect(await openingFails(at('with_password', 'password=wrong-secret'))).toMatchObject({
      code: 'POSTGRES_LOGIN_REFUSED',
      message: expect.not.stringContaining('wrong-secret'),
    });
    expect(await openingFails(at('with_password'))).toMatchObject({
      code: 'POSTGRES_LOGIN_REFUSED',
      message: expect.stringMatching(/asks for a password/),
    });
  });

  test('takes the first host that answers, and the one that is asked for', async () => {
    const nobody = await freePort();
    const hosts = `host=127.0.0.1,127.0.0.1,127.0.0.1 port=${nobody},${standby.port},${server.port} user=postgres`;
    const portFor = async (attributes: string): Promise<number> => {
      await using session = await open(`${hosts} target_session_attrs=${attributes}`);
      return (await session.one("SELECT pg_catalog.current_setting('port') AS port")).integer('port');
    };
    expect(await portFor('any')).toBe(standby.port);
    expect(await portFor('read-write')).toBe(server.port);
    expect(await portFor('primary')).toBe(server.port);
    expect(await portFor('standby')).toBe(standby.port);
    expect(await portFor('read-only')).toBe(standby.port);
    expect(await portFor('prefer-standby')).toBe(standby.port);
    const alone = at('postgres', 'target_session_attrs=prefer-standby');
    expect(await openingFails(alone)).toBeUndefined();
    expect(await openingFails(at('postgres', 'target_session_attrs=standby'))).toMatchObject({
      code: 'POSTGRES_WRONG_SERVER',
    });
  });
});

describe.skipIf(!postgresAvailable())('a pinned session', () => {
  let server: TestPostgres;
  beforeAll(async () => {
    server = await startPostgres({ major: 18, walSegmentSize: 1, settings: { idle_session_timeout: 0 } });
  });
  afterAll(() => server?.stop());

  test('is kept awake, and its end is noticed', async () => {
    await using session = await open(server.conninfo);
    const watch = keepAwake(session, 0.05);
    const asked = async (): Promise<unknown> =>
      (
        await server.query('select query_start from pg_stat_activity where pid = $1', [session.backendPid])
      )[0];
    const first = await asked();
    await delay(300);
    expect(await asked()).not.toEqual(first);
    const lost = new Promise((resolve) => watch.lost.addEventListener('abort', resolve, { once: true }));
    await server.query('select pg_terminate_backend($1)', [session.backendPid]);
    await lost;
    expect(watch.lost.reason).toMatchObject({ code: 'POSTGRES_CONNECTION_LOST' });
    watch.stop();
  });

  test('that is suddenly another one is noticed', async () => {
    await using session = await open(server.conninfo);
    const watch = keepAwake({ ...session, backendPid: session.backendPid + 1 }, 0.05);
    await new Promise((resolve) => watch.lost.addEventListener('abort', resolve, { once: true }));
    expect(watch.lost.reason).toMatchObject({ code: 'POSTGRES_POOLER' });
    expect(session.lost.aborted).toBe(false);
    watch.stop();
  });

  test('behind a pooler is no place for a backup', async () => {
    const pooler = await startPooler(server.port);
    try {
      await using session = await open(`host=127.0.0.1 port=${portOf(pooler)} user=postgres sslmode=disable`);
      expect(session.pooled).toBe(true);
      await expect(startBackup(session, { label: 'x', fast: true })).rejects.toThrow(
        expect.objectContaining({ code: 'POSTGRES_POOLER' }),
      );
    } finally {
      pooler.close();
    }
  });
});

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function listen(handler: (socket: Socket) => void): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    handler(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

/** As PgBouncer does, it gives the client a key of its own (message `K`) in place of the server's. */
function startPooler(port: number): Promise<Server> {
  return listen((client) => {
    const upstream = tcpConnect(port, '127.0.0.1');
    upstream.on('error', () => undefined);
    client.pipe(upstream);
    upstream.on('data', (data) => {
      const copy = Buffer.from(data);
      // K, length 12 (a process and a key of four bytes each).
      const key = copy.indexOf(Buffer.from([0x4b, 0, 0, 0, 12]));
      if (key !== -1) copy.writeInt32BE(copy.readInt32BE(key + 5) + 1, key + 5);
      client.write(copy);
    });
    upstream.on('close', () => client.destroy());
    client.on('close', () => upstream.destroy());
  });
}
