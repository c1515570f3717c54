import { describe, expect, it } from 'vitest';
import type { RemoteLocation } from '../../src/ssh/location.ts';
import { composeCommand, splitWords } from '../../src/ssh/transports/command-line.ts';
import { byteString } from '../../src/system/byte-string.ts';

const db: RemoteLocation = { kind: 'remote', host: 'db', path: byteString('.') };

describe('the command of -e', () => {
  it.each([
    ['ssh -p 2222', ['ssh', '-p', '2222']],
    ['  ssh   -v ', ['ssh', '-v']],
    [`ssh -o 'ProxyCommand nc %h %p'`, ['ssh', '-o', 'ProxyCommand nc %h %p']],
    [`ssh -i "/my keys/id" x`, ['ssh', '-i', '/my keys/id', 'x']],
    [`ssh -oA="b c"d`, ['ssh', '-oA=b cd']],
    [`ssh "a""b" 'c''d'`, ['ssh', 'a"b', "c'd"]],
    [`ssh "it's" ''`, ['ssh', "it's", '']],
    ['ssh $HOME `id` a\\ b', ['ssh', '$HOME', '`id`', 'a\\', 'b']],
  ])('splits %s', (text, words) => {
    expect(splitWords(text)).toEqual(words);
  });

  it.each([`ssh "a`, `ssh 'a b`, `ssh a"`])('refuses %s', (text) => {
    expect(() => splitWords(text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });

  it('asks for the sftp subsystem of the host', () => {
    const { program, args, label } = composeCommand('ssh -J bastion', { ...db, user: 'me', port: 2222 }, {});
    expect(program).toBe('ssh');
    expect(args.slice(0, 2)).toEqual(['-J', 'bastion']);
    expect(args.slice(-7)).toEqual(['-p', '2222', '-l', 'me', '-s', 'db', 'sftp']);
    expect(label).toBe('me@db:2222');
  });

  it('hands options on to ssh, after those of the user', () => {
    const { args } = composeCommand('/opt/bin/ssh -i a', db, {
      identityFiles: ['/b'],
      knownHostsFiles: ['/k 1', '/k2'],
      ciphers: ['aes256-ctr', 'aes128-ctr'],
      timeout: 10,
    });
    expect(args.slice(0, 4)).toEqual(['-i', 'a', '-i', '/b']);
    expect(args).toEqual(
      expect.arrayContaining([
        'UserKnownHostsFile="/k 1" "/k2"',
        'Ciphers=aes256-ctr,aes128-ctr',
        'ServerAliveInterval=4',
      ]),
    );
  });

  it('adds nothing of its own to a command that is not ssh', () => {
    expect(composeCommand('plink -batch', db, {}).args).toEqual(['-batch', '-s', 'db', 'sftp']);
    expect(() => composeCommand('plink', db, { identityFiles: ['/b'] })).toThrow(/identity file.*plink/);
  });

  it('refuses an empty command, and a password, which ssh would not take', () => {
    expect(() => composeCommand(' ', db, {})).toThrow(/empty/);
    expect(() => composeCommand('ssh', db, { passwordFile: '/p' })).toThrow(/--password-file/);
  });
});
