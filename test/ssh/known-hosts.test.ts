import { createHmac, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { judgeHostKey, knownHostName, knownKeyTypes, parseKnownHosts } from '../../src/ssh/known-hosts.ts';

const GOOD = Buffer.from('the good key');
const OTHER = Buffer.from('another key');
const line = (hosts: string, key = GOOD, type = 'ssh-ed25519') =>
  `${hosts} ${type} ${key.toString('base64')} comment`;
const hashed = (name: string): string => {
  const salt = randomBytes(20);
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
};
const judge = (lines: readonly string[], name: string, key = GOOD, type = 'ssh-ed25519') =>
  judgeHostKey(parseKnownHosts(lines.join('\n'), 'file'), name, type, key);

describe('known hosts', () => {
  it.each([
    ['a plain name', 'db', 'db'],
    ['a list of names', 'other,db,1.2.3.4', 'db'],
    ['a name in capitals', 'DB.Example', 'db.example'],
    ['a star', '*.example', 'db.example'],
    ['a question mark', 'db?', 'db1'],
    ['a name with its port', '[db]:2222', '[db]:2222'],
    ['a pattern for any port', '[db]:*', '[db]:2222'],
    ['a name without port, for any port', 'db', '[db]:2222'],
    ['an IPv6 address', '::1', '::1'],
    ['an IPv6 address with a port', '[::1]:2222', '[::1]:2222'],
    ['a hashed name', hashed('db'), 'db'],
    ['a hashed name with its port', hashed('[db]:2222'), '[db]:2222'],
    ['one name excepted, another meant', '*.example,!bad.example', 'db.example'],
  ])('finds a host by %s', (_, hosts, name) => {
    expect(judge([line(hosts)], name)).toEqual({ kind: 'known' });
  });

  it.each([
    ['another name', 'db', 'db2'],
    ['a dot, which is no wildcard', 'db.example', 'dbxexample'],
    ['an excepted name', '*.example,!bad.example', 'bad.example'],
    ['an excepted name that stands first', '!bad.example,*.example', 'bad.example'],
    ['only exceptions', '!bad', 'db'],
    ['another port', '[db]:2222', '[db]:2223'],
    ['a port, for the name without', '[db]:2222', 'db'],
    ['the hash of another name', hashed('db2'), 'db'],
    ['a hash of unknown make', hashed('db').replace('|1|', '|2|'), 'db'],
    ['a damaged hash', '|1|', 'db'],
  ])('does not find a host by %s', (_, hosts, name) => {
    expect(judge([line(hosts)], name)).toEqual({ kind: 'unknown' });
  });

  it('notices a changed key and says where the known one stands', () => {
    expect(judge(['# hosts', '', line('db', OTHER)], 'db')).toEqual({ kind: 'changed', where: 'file:3' });
  });

  it('takes a key that one of several lines allows', () => {
    expect(judge([line('db', OTHER), line('db')], 'db')).toEqual({ kind: 'known' });
  });

  it('takes a key of another type as unknown, not as changed', () => {
    expect(judge([line('db', OTHER, 'ssh-rsa')], 'db')).toEqual({ kind: 'unknown' });
  });

  it('takes a different key for the name without its port as unknown, since another server may be behind it', () => {
    expect(judge([line('db', OTHER)], '[db]:2222')).toEqual({ kind: 'unknown' });
  });

  it('does not let the name without its port excuse a changed key', () => {
    expect(judge([line('[db]:2222', OTHER), line('db')], '[db]:2222')).toEqual({
      kind: 'changed',
      where: 'file:1',
    });
  });

  it('refuses a revoked key wherever else it is allowed', () => {
    expect(judge([line('db'), `@revoked ${line('*')}`], 'db')).toEqual({ kind: 'revoked' });
    expect(judge([line('[db]:2222'), `@revoked ${line('db')}`], '[db]:2222')).toEqual({ kind: 'revoked' });
    expect(judge([line('db'), `@revoked ${line('*', OTHER)}`], 'db')).toEqual({ kind: 'known' });
  });

  it('does not take the key of an authority for a host key', () => {
    expect(judge([`@cert-authority ${line('*')}`], 'db')).toEqual({ kind: 'authority' });
    expect(judge([`@cert-authority ${line('*', OTHER)}`, line('db')], 'db')).toEqual({ kind: 'known' });
  });

  it('leaves out what it does not understand', () => {
    expect(
      judge([`@unheard-of ${line('db')}`, 'db', 'db ssh-ed25519', `#${line('db')}`, ' # x'], 'db'),
    ).toEqual({
      kind: 'unknown',
    });
    expect(judge([`\t${line('db').replaceAll(' ', '\t')}\r`], 'db')).toEqual({ kind: 'known' });
  });

  it('tells the types of the keys that would do', () => {
    const lines = [line('db', GOOD, 'ssh-rsa'), `@revoked ${line('db')}`, line('other', GOOD, 'ecdsa')];
    expect([...knownKeyTypes(parseKnownHosts(lines.join('\n'), 'file'), 'db')]).toEqual(['ssh-rsa']);
  });

  it('writes the port into the name where it is not 22', () => {
    expect(knownHostName('DB', 22)).toBe('db');
    expect(knownHostName('::1', 2222)).toBe('[::1]:2222');
  });
});
