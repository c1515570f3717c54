import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ConnectionTarget, resolveConninfo } from '../../../src/postgres/conninfo/resolve.ts';

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'cellarman-conninfo-'));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const resolve = (text: string, environment: Record<string, string> = {}): ConnectionTarget =>
  resolveConninfo(text, { environment, home, userName: 'me' });

describe('defaults', () => {
  test('are the user of this process and the usual port', () => {
    const target = resolve('host=h');
    expect(target).toMatchObject({ user: 'me', database: 'me', connectTimeout: 0, sessionAttributes: 'any' });
    expect(target.hosts).toEqual([{ name: 'h', address: undefined, port: 5432, password: undefined }]);
    expect(resolve('host=h user=x').database).toBe('x');
    expect(resolve("host=h user=x dbname=''").database).toBe('x');
  });

  test('come from the environment, but what is said counts first', () => {
    const environment = {
      PGHOST: 'eh',
      PGPORT: '1',
      PGUSER: 'eu',
      PGDATABASE: 'ed',
      PGPASSWORD: 'ep',
      PGCONNECT_TIMEOUT: '3',
      PGTARGETSESSIONATTRS: 'primary',
    };
    const target = resolve('', environment);
    expect(target).toMatchObject({
      user: 'eu',
      database: 'ed',
      connectTimeout: 3,
      sessionAttributes: 'primary',
    });
    expect(target.hosts).toEqual([{ name: 'eh', address: undefined, port: 1, password: 'ep' }]);
    expect(resolve('host=h port=2 password=p', environment).hosts).toMatchObject([
      { name: 'h', port: 2, password: 'p' },
    ]);
    expect(() => resolve('', { PGSSLMODE: 'nonsense' })).toThrow(/sslmode must be one of/);
    expect(() => resolve('', { PGREQUIREAUTH: 'gss' })).toThrow(/require_auth is not supported/);
  });
});

describe('hosts', () => {
  test('come in lists that go together', () => {
    expect(resolve('host=a,b port=1,2').hosts).toMatchObject([
      { name: 'a', port: 1 },
      { name: 'b', port: 2 },
    ]);
    expect(resolve('host=a,b port=7').hosts.map(({ port }) => port)).toEqual([7, 7]);
    expect(resolve('host=a,b port=7,').hosts.map(({ port }) => port)).toEqual([7, 5432]);
    expect(resolve('host=a,b hostaddr=127.0.0.1,').hosts).toMatchObject([
      { name: 'a', address: '127.0.0.1' },
      { name: 'b', address: undefined },
    ]);
    expect(resolve('hostaddr=127.0.0.9').hosts).toMatchObject([{ name: '127.0.0.9', address: '127.0.0.9' }]);
    expect(() => resolve('host=a,b,c port=1,2')).toThrow(/"port" has 2 entries for 3 hosts/);
    expect(() => resolve('host=a,b hostaddr=127.0.0.1')).toThrow(/"hostaddr" has 1 entries for 2/);
  });

  test('an unescaped slash in a password of a URI is found out without showing it', () => {
    expect(() => resolve('postgresql://u:hu/sh@h')).toThrow(
      /^connection string: "port" is not a number [^/]*$/,
    );
  });

  test.each(['0', '65536', 'x', '-1'])('%s is no port', (port) => {
    expect(() => resolve(`host=h port=${port}`)).toThrow(/"port" is not a number/);
  });

  test('all stay when they are shuffled', () => {
    const names = resolve('host=a,b,c,d load_balance_hosts=random').hosts.map(({ name }) => name);
    expect(names.sort()).toEqual(['a', 'b', 'c', 'd']);
  });
});

describe('a service', () => {
  beforeAll(() => {
    writeFileSync(
      join(home, '.pg_service.conf'),
      [
        '# a comment',
        '[other]',
        'host=wrong',
        '  [mine]  ',
        '',
        'host=sh',
        'port=9',
        'port=10',
        'user=a b',
        '[bad]',
        'hots=x',
        '[nested]',
        'service=mine',
        '[ldap]',
        'ldap://x',
      ].join('\n'),
    );
  });

  test('fills what is not said, before the environment', () => {
    const target = resolve('service=mine port=1', { PGHOST: 'eh', PGDATABASE: 'ed' });
    expect(target).toMatchObject({ user: 'a b', database: 'ed', hosts: [{ name: 'sh', port: 1 }] });
    expect(resolve('', { PGSERVICE: 'mine' }).hosts).toMatchObject([{ name: 'sh', port: 9 }]);
  });

  test('may stand in a file of its own or in the one of the system', () => {
    const file = join(home, 'elsewhere');
    writeFileSync(file, '[mine]\nhost=elsewhere\n');
    expect(resolve('service=mine', { PGSERVICEFILE: file }).hosts).toMatchObject([{ name: 'elsewhere' }]);
    const directory = mkdtempSync(join(home, 'etc-'));
    writeFileSync(join(directory, 'pg_service.conf'), '[wide]\nhost=system\n');
    expect(resolve('service=wide', { PGSYSCONFDIR: directory }).hosts).toMatchObject([{ name: 'system' }]);
  });

  test.each([
    ['missing', /no service "missing"/],
    ['bad', /no parameter "hots" \(.*line 11\)/],
    ['nested', /cannot name another/],
    ['ldap', /LDAP/],
  ])('%s is refused', (name, message) => {
    expect(() => resolve(`service=${name}`)).toThrow(message);
  });
});

describe('the password file', () => {
  const write = (content: string, mode = 0o600): string => {
    const path = join(mkdtempSync(join(home, 'pw-')), 'pgpass');
    writeFileSync(path, content);
    chmodSync(path, mode);
    return path;
  };
  const passwordOf = (text: string, content: string): string | undefined =>
    resolve(`${text} passfile=${write(content)}`).hosts[0]?.password;

  test('gives the password of the first line that fits', () => {
    const content =
      '# host:5432:*:*:no\nother:*:*:*:no\nhost:1:*:*:no\nhost:5432:db:u:right\n*:*:*:*:last\r\n';
    expect(passwordOf('host=host user=u dbname=db', content)).toBe('right');
    expect(passwordOf('host=host user=v dbname=db', content)).toBe('last');
    expect(passwordOf('host=host user=u password=said', content)).toBe('said');
    expect(passwordOf('host=host user=u', 'host:5432:*:v:no\n')).toBeUndefined();
  });

  test('takes colons and backslashes', () => {
    expect(passwordOf('host=::1 user=u', '\\:\\:1:*:*:u:a:b\\:c\\\\d\n')).toBe('a:b:c\\d');
    expect(passwordOf('host=h user=u', 'broken\nh:*:*\nh:*:*:u:x')).toBe('x');
  });

  test('knows local sockets as localhost, replication as a database, and addresses', () => {
    expect(passwordOf('host=/tmp user=u', 'localhost:*:*:*:x\n')).toBe('x');
    expect(passwordOf('host=/srv/socket user=u', '/srv/socket:*:*:*:x\n')).toBe('x');
    expect(passwordOf('host=h user=u replication=true', 'h:*:replication:u:x\n')).toBe('x');
    expect(passwordOf('hostaddr=127.0.0.1 user=u', '127.0.0.1:*:*:u:x\n')).toBe('x');
    expect(passwordOf('host=h hostaddr=127.0.0.1 user=u', '127.0.0.1:*:*:u:x\n')).toBeUndefined();
  });

  test('is not used where others may read it, and that is said', () => {
    const target = resolve(`host=h passfile=${write('*:*:*:*:secret\n', 0o640)}`);
    expect(target.hosts[0]?.password).toBeUndefined();
    expect(target.passwordProblem).toMatch(/chmod 0600/);
    expect(target.passwordProblem).not.toContain('secret');
    expect(resolve('host=h passfile=/nonexistent/x').passwordProblem).toBeUndefined();
  });

  test('is named by the environment or lies in the home directory', () => {
    const path = write('*:*:*:*:env\n');
    expect(resolve('host=h', { PGPASSFILE: path }).hosts[0]?.password).toBe('env');
    writeFileSync(join(home, '.pgpass'), '*:*:*:*:home\n', { mode: 0o600 });
    expect(resolve('host=h').hosts[0]?.password).toBe('home');
    rmSync(join(home, '.pgpass'));
  });
});
