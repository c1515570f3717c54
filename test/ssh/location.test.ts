import { describe, expect, it } from 'vitest';
import { parseLocation } from '../../src/ssh/location.ts';

const remote = (host: string, path: string, more: object = {}) => ({ kind: 'remote', host, path, ...more });

describe('parseLocation', () => {
  it.each([
    ['/srv/data', '/srv/data'],
    ['data/', 'data/'],
    ['./a:b', './a:b'],
    ['a/b:c', 'a/b:c'],
    ['dir/x::y', 'dir/x::y'],
    ['~/x', '~/x'],
    ['größe', 'gr\xc3\xb6\xc3\x9fe'],
  ])('takes %s as a path on this machine', (text, path) => {
    expect(parseLocation(text)).toEqual({ kind: 'local', path });
  });

  it.each([
    ['db:/srv', remote('db', '/srv')],
    ['db:', remote('db', '.')],
    ['db:~', remote('db', '.')],
    ['db:~/', remote('db', './')],
    ['db:~/a/', remote('db', 'a/')],
    ['db:a b', remote('db', 'a b')],
    ['db:a:b', remote('db', 'a:b')],
    ['db:./~root', remote('db', './~root')],
    ['db:line\nbreak', remote('db', 'line\nbreak')],
    ['me@db:x', remote('db', 'x', { user: 'me' })],
    ['me@dom@db:x', remote('db', 'x', { user: 'me@dom' })],
    ['[::1]:/x', remote('::1', '/x')],
    ['me@[fe80::1%eth0]:x', remote('fe80::1%eth0', 'x', { user: 'me' })],
    ['db:é', remote('db', '\xc3\xa9')],
  ])('takes %j as host:PATH', (text, expected) => {
    expect(parseLocation(text)).toEqual(expected);
  });

  it.each([
    ['sftp://db', remote('db', '.')],
    ['sftp://db/', remote('db', '/')],
    ['SFTP://db/a/b/', remote('db', '/a/b/')],
    ['sftp://db/~', remote('db', '.')],
    ['sftp://db/~/a', remote('db', 'a')],
    ['sftp://db/%7E/a', remote('db', 'a')],
    ['sftp://me@db:2222/a', remote('db', '/a', { user: 'me', port: 2222 })],
    ['sftp://me%40dom@db/a', remote('db', '/a', { user: 'me@dom' })],
    ['sftp://[::1]:2222/a', remote('::1', '/a', { port: 2222 })],
    ['sftp://[fe80::1%25eth0]/a', remote('fe80::1%eth0', '/a')],
    ['sftp://db/a%20b%ff', remote('db', '/a b\xff')],
    ['sftp://db/a?b#c', remote('db', '/a?b#c')],
    ['sftp://db:/a', remote('db', '/a')],
  ])('takes %s as a URL', (text, expected) => {
    expect(parseLocation(text)).toEqual(expected);
  });

  it.each([
    ['', /empty/],
    ['a\0b', /NUL/],
    ['db::module/x', /rsync daemons/],
    ['rsync://db/module', /rsync daemons/],
    ['http://db/x', /"http:\/\/" is not supported/],
    [':x', /\.\/:x/],
    ['-oProxyCommand=x:y', /not a host name/],
    ['me@-x:y', /not a host name/],
    ['sftp://-x/y', /not a host name/],
    ['sftp:///y', /not a host name/],
    ['a b:y', /not a host name/],
    ['$(id):y', /not a host name/],
    ['-l@db:y', /not a user name/],
    ['@db:y', /not a user name/],
    ['db:~root/x', /another user/],
    ['sftp://db/~root/x', /another user/],
    ['sftp://db:0/x', /not a port/],
    ['sftp://db:65536/x', /not a port/],
    ['sftp://db:ssh/x', /write sftp:/],
    ['sftp://db/%zz', /hex digits/],
    ['sftp://db/%00', /hex digits/],
    ['sftp://me:secret@db/x', /--password-file/],
  ])('refuses %j', (text, message) => {
    expect(() => parseLocation(text)).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringMatching(message) }),
    );
  });

  it('never repeats a password', () => {
    expect(() => parseLocation('sftp://me:secret@db/x')).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('secret') }),
    );
  });
});
