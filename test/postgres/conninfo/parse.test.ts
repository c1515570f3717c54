import { describe, expect, test } from 'vitest';
import { formatConninfo, withoutSecrets } from '../../../src/postgres/conninfo/format.ts';
import { parseConninfo } from '../../../src/postgres/conninfo/parse.ts';

const parse = (text: string): Record<string, string> => Object.fromEntries(parseConninfo(text));

describe('pairs', () => {
  test.each<[string, Record<string, string>]>([
    ['', {}],
    ['  ', {}],
    ['host=a port=5433', { host: 'a', port: '5433' }],
    ['host = a\n port\t=\t5433 ', { host: 'a', port: '5433' }],
    ["password='a b\\'c\\\\d' user=x", { password: "a b'c\\d", user: 'x' }],
    ['password=a\\ b\\\\c user=x', { password: 'a b\\c', user: 'x' }],
    ["user='' dbname=x", { user: '', dbname: 'x' }],
    ['user= dbname=x', { user: 'dbname=x' }],
    ['user=a user=b', { user: 'b' }],
    ["password=it's", { password: "it's" }],
    ['password=a=b', { password: 'a=b' }],
    ['password=end\\', { password: 'end' }],
    ["user='a'dbname=b", { user: 'a', dbname: 'b' }],
  ])('%j', (text, expected) => {
    expect(parse(text)).toEqual(expected);
  });

  test.each([
    ['host', /parameter 1 has no "="/],
    ['host=a password=two words', /parameter 3 has no "="/],
    ["password='no end", /quoted value of parameter 1 has no end/],
    ["password='no end\\'", /quoted value of parameter 1 has no end/],
    ['=a', /parameter 1/],
    ['hots=a', /no parameter "hots"/],
    ['HOST=a', /parameter 1 is not the name/],
  ])('%j is refused', (text, message) => {
    expect(() => parseConninfo(text)).toThrow(
      expect.objectContaining({ code: 'CONNINFO', message: expect.stringMatching(message) }),
    );
  });
});

describe('URIs', () => {
  test.each<[string, Record<string, string>]>([
    ['postgresql://', {}],
    ['postgres://localhost', { host: 'localhost' }],
    ['postgresql://u:p%20w@h:1/d', { user: 'u', password: 'p w', host: 'h', port: '1', dbname: 'd' }],
    ['postgresql://u@/d?host=/tmp&port=1', { user: 'u', dbname: 'd', host: '/tmp', port: '1' }],
    ['postgresql://%2Fvar%2Frun/d', { host: '/var/run', dbname: 'd' }],
    ['postgresql://a:1,b,c:3/d', { host: 'a,b,c', port: '1,,3', dbname: 'd' }],
    ['postgresql://[::1]:5433,[fe80::1]/d', { host: '::1,fe80::1', port: '5433,', dbname: 'd' }],
    ['postgresql:///d?ssl=true', { dbname: 'd', sslmode: 'require' }],
    ['postgresql://h?application_name=a%26b+c', { host: 'h', application_name: 'a&b+c' }],
    ['postgresql://u:a:b@h', { user: 'u', password: 'a:b', host: 'h' }],
    ['postgresql://:5433', { port: '5433' }],
  ])('%s', (text, expected) => {
    expect(parse(text)).toEqual(expected);
  });

  test.each([
    ['postgresql://u:p%zz@h', /the password is not percent-encoded/],
    ['postgresql://u:p%00@h', /the password is not percent-encoded/],
    ['postgresql://[::1/d', /host part/],
    ['postgresql://a:1:2/d', /host part/],
    ['postgresql://h?x', /parameter 1 of the URI is not keyword=value/],
    ['postgresql://h?port=1=2', /parameter 1 of the URI/],
    ['postgresql://h?sslmodes=require', /no parameter "sslmodes"/],
  ])('%s is refused', (text, message) => {
    expect(() => parseConninfo(text)).toThrow(
      expect.objectContaining({ code: 'CONNINFO', message: expect.stringMatching(message) }),
    );
  });
});

test.each([
  ['sslmode=sometimes', /sslmode must be one of disable/],
  ['target_session_attrs=x', /must be one of any/],
  ['require_auth=scram-sha-256', /require_auth is not supported/],
  ['channel_binding=require', /channel_binding=require is not supported/],
  ['gssencmode=require', /gssencmode=require is not supported/],
  ['sslcrldir=/x', /give one file as sslcrl/],
])('%s cannot be honoured', (text, message) => {
  expect(() => parseConninfo(text)).toThrow(message);
});

test('no message holds a value', () => {
  const secrets = [
    'host=a password=hush hush2 user=x',
    "password='hush user=x",
    'password=a b hush=',
    'password=hush x-y=1',
    'postgresql://u:hush%@h',
    'postgresql://u:hush@h:1:2',
    'password=hush sslmode=hush',
  ];
  for (const text of secrets) {
    let message = '';
    try {
      parseConninfo(text);
    } catch (error) {
      message = error instanceof Error ? error.message : '';
    }
    expect(message, text).toMatch(/^connection string/);
    expect(message.replace('"hush"', ''), text).not.toContain('hush');
  }
});

test('parameters are written so that they are read again, and without secrets to be shown', () => {
  const parameters = new Map([
    ['host', '/var/run/postgresql'],
    ['user', "it's me"],
    ['password', "hu'sh \\"],
    ['application_name', ''],
    ['sslpassword', 'hush'],
    ['dbname', 'tab\tand\nline'],
  ]);
  expect(parseConninfo(formatConninfo(parameters))).toEqual(parameters);
  expect(formatConninfo(withoutSecrets(parameters))).toBe(
    "host=/var/run/postgresql user='it\\'s me' application_name='' dbname='tab\tand\nline'",
  );
});
