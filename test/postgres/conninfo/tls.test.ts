import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resolveConninfo } from '../../../src/postgres/conninfo/resolve.ts';
import { openSession } from '../../../src/postgres/server/session.ts';
import { postgresAvailable, startPostgres, type TestPostgres } from '../../support/postgres.ts';
import { requireProgram } from '../../support/programs.ts';

describe.skipIf(!postgresAvailable() || !requireProgram('openssl'))('TLS', () => {
  let server: TestPostgres;
  let home: string;
  const file = (name: string): string => join(home, name);
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'pipe' });

  function certify(name: string, subject: string, altName?: string): void {
    openssl(
      'req',
      '-new',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      subject,
      '-keyout',
      file(`${name}.key`),
      '-out',
      file(`${name}.csr`),
    );
    writeFileSync(file('extensions'), altName === undefined ? '' : `subjectAltName=${altName}\n`);
    openssl(
      'x509',
      '-req',
      '-in',
      file(`${name}.csr`),
      '-CA',
      file('ca.crt'),
      '-CAkey',
      file('ca.key'),
      '-CAcreateserial',
      '-days',
      '2',
      '-extfile',
      file('extensions'),
      '-out',
      file(`${name}.crt`),
    );
  }

  function authority(name: string): void {
    openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      file(`${name}.key`),
      '-out',
      file(`${name}.crt`),
    );
  }

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'cellarman-tls-'));
    authority('ca');
    authority('stranger');
    certify('server', '/CN=db.example', 'DNS:db.example,DNS:localhost');
    certify('client', '/CN=postgres');
    server = await startPostgres({ major: 17, walSegmentSize: 1 });
    for (const name of ['server.crt', 'server.key', 'ca.crt']) {
      writeFileSync(join(server.dataDir, name), readFileSync(file(name)), { mode: 0o600 });
      chownSync(join(server.dataDir, name), server.uid, server.gid);
    }
    server.set({ ssl: true, ssl_ca_file: 'ca.crt' });
    await server.query('create role plain login');
    await server.query('create role encrypted login');
    await server.shutDown();
    // The helper's own connection is in the clear.
    writeFileSync(
      join(server.dataDir, 'pg_hba.conf'),
      [
        'hostnossl all encrypted all reject',
        'hostssl all plain all reject',
        'hostssl all postgres all cert',
        'host all all all trust',
      ].join('\n'),
    );
    await server.start();
  });
  afterAll(async () => {
    await server?.stop();
    rmSync(home, { recursive: true, force: true });
  });

  /** Whether the session is encrypted, or why there is none. */
  async function outcome(parameters: string, host = 'host=127.0.0.1'): Promise<unknown> {
    const conninfo = `${host} port=${server.port} dbname=postgres ${parameters}`;
    try {
      await using session = await openSession(
        resolveConninfo(conninfo, { environment: {}, home, userName: 'me' }),
      );
      const row = await session.one(
        'SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid()',
      );
      return row.flag('ssl') ? 'encrypted' : 'plain';
    } catch (error) {
      return error instanceof Error ? error.message : error;
    }
  }

  test.each([
    ['user=encrypted sslmode=disable', /reject/],
    ['user=encrypted', 'encrypted'],
    ['user=encrypted sslmode=prefer', 'encrypted'],
    ['user=encrypted sslmode=allow', 'encrypted'],
    ['user=encrypted sslmode=require', 'encrypted'],
    ['user=plain sslmode=disable', 'plain'],
    ['user=plain sslmode=prefer', 'plain'],
    ['user=plain sslmode=allow', 'plain'],
    ['user=plain sslmode=require', /reject/],
    ['user=encrypted sslmode=require sslnegotiation=direct', 'encrypted'],
    ['user=encrypted sslmode=prefer sslnegotiation=direct', /stronger sslmode/],
    ['user=encrypted sslmode=require ssl_min_protocol_version=TLSv1.3', 'encrypted'],
    ['user=encrypted sslmode=require ssl_min_protocol_version=SSLv3', /must be one of/],
  ])('%s', async (parameters, expected) => {
    expect(await outcome(parameters)).toEqual(
      typeof expected === 'string' ? expected : expect.stringMatching(expected),
    );
  });

  test('a certificate is checked where the mode says so', async () => {
    const ca = `sslrootcert=${file('ca.crt')}`;
    const stranger = `sslrootcert=${file('stranger.crt')}`;
    expect(await outcome(`user=encrypted sslmode=verify-ca ${ca}`)).toBe('encrypted');
    expect(await outcome(`user=encrypted sslmode=verify-ca ${stranger}`)).toMatch(
      /self.signed|issuer|verify/i,
    );
    // Root certificates that are there count also for require.
    expect(await outcome(`user=encrypted sslmode=require ${stranger}`)).toMatch(/self.signed|issuer|verify/i);
    expect(await outcome('user=encrypted sslmode=verify-ca')).toMatch(/needs root certificates/);
    expect(await outcome(`user=encrypted sslmode=verify-ca sslrootcert=${file('none')}`)).toMatch(
      /cannot be read/,
    );
  });

  test('the name is compared by verify-full only, also with an address beside it', async () => {
    const ca = `user=encrypted sslrootcert=${file('ca.crt')}`;
    expect(await outcome(`${ca} sslmode=verify-full`, 'host=localhost hostaddr=127.0.0.1')).toBe('encrypted');
    expect(await outcome(`${ca} sslmode=verify-full`, 'host=db.example hostaddr=127.0.0.1')).toBe(
      'encrypted',
    );
    expect(await outcome(`${ca} sslmode=verify-full`, 'host=other.example hostaddr=127.0.0.1')).toMatch(
      /altnames/,
    );
    expect(await outcome(`${ca} sslmode=verify-full`)).toMatch(/altnames/);
    expect(await outcome(`${ca} sslmode=verify-ca`)).toBe('encrypted');
  });

  test('the system certificates ask for the strongest mode, and do not know this server', async () => {
    expect(await outcome('user=encrypted sslrootcert=system sslmode=require')).toMatch(
      /needs sslmode=verify-full/,
    );
    expect(await outcome('user=encrypted sslrootcert=system')).toMatch(/self.signed|issuer|verify/i);
  });

  test('a client certificate logs in, named or in its usual place', async () => {
    const named = `sslcert=${file('client.crt')} sslkey=${file('client.key')}`;
    expect(await outcome(`user=postgres sslmode=require ${named}`)).toBe('encrypted');
    expect(await outcome('user=postgres sslmode=require')).toMatch(/certificate/);
    expect(await outcome(`user=postgres sslmode=require sslcert=${file('client.crt')}`)).toMatch(/no sslkey/);
    mkdirSync(file('.postgresql'));
    for (const name of ['crt', 'key']) {
      writeFileSync(file(`.postgresql/postgresql.${name}`), readFileSync(file(`client.${name}`)));
    }
    chmodSync(file('.postgresql/postgresql.key'), 0o600);
    expect(await outcome('user=postgres sslmode=require')).toBe('encrypted');
    expect(await outcome('user=postgres sslmode=require sslcertmode=disable')).toMatch(/certificate/);
    rmSync(file('.postgresql'), { recursive: true });
  });

  test('a key may have a password', async () => {
    openssl('rsa', '-aes256', '-passout', 'pass:hush', '-in', file('client.key'), '-out', file('locked.key'));
    const named = `user=postgres sslmode=require sslcert=${file('client.crt')} sslkey=${file('locked.key')}`;
    expect(await outcome(`${named} sslpassword=hush`)).toBe('encrypted');
    expect(await outcome(`${named} sslpassword=wrong-secret`)).not.toMatch(/^encrypted|wrong-secret/);
  });
});
