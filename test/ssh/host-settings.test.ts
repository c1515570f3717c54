import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type HostSettings, hostSettings } from '../../src/ssh/host-settings.ts';
import type { RemoteLocation } from '../../src/ssh/location.ts';
import type { ReachOptions } from '../../src/ssh/reach-options.ts';
import { readSshConfig } from '../../src/ssh/ssh-config-file.ts';
import { type Keywords, parseKeywords } from '../../src/ssh/ssh-keywords.ts';
import { byteString } from '../../src/system/byte-string.ts';
import { requireProgram } from '../support/programs.ts';

const home = homedir();
const readers: Record<string, (file: string, location: RemoteLocation) => Promise<Keywords>> = {
  'a library': (file, { host, user }) => readSshConfig(file, host, user),
};
if (requireProgram('ssh')) {
  readers['ssh -G'] = async (file, { host, user, port }) => {
    const given = [
      ...(user === undefined ? [] : ['-l', user]),
      ...(port === undefined ? [] : ['-p', `${port}`]),
    ];
    return parseKeywords(
      execFileSync('ssh', ['-F', file, '-G', '-T', ...given, '--', host], { encoding: 'utf8' }),
    );
  };
}

describe.each(Object.entries(readers))('host settings read by %s', (_, read) => {
  let directory: string;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'cellarman-config-'));
  });
  afterEach(() => vi.unstubAllEnvs());
  afterAll(() => rmSync(directory, { recursive: true }));

  const settings = async (
    config: string,
    location: Partial<RemoteLocation> = {},
    options: ReachOptions = {},
  ): Promise<HostSettings> => {
    const file = join(directory, 'config');
    writeFileSync(file, config);
    const whole: RemoteLocation = { kind: 'remote', host: 'db', path: byteString('.'), ...location };
    return hostSettings(await read(file, whole), whole, options);
  };

  it('has defaults for a host without any', async () => {
    vi.stubEnv('SSH_AUTH_SOCK', '/run/agent');
    expect(await settings('')).toMatchObject({
      label: `${userInfo().username}@db`,
      address: 'db',
      port: 22,
      user: userInfo().username,
      keyName: 'db',
      knownHostsFiles: [
        `${home}/.ssh/known_hosts`,
        `${home}/.ssh/known_hosts2`,
        '/etc/ssh/ssh_known_hosts',
        '/etc/ssh/ssh_known_hosts2',
      ],
      identityFiles: expect.arrayContaining([`${home}/.ssh/id_ed25519`]),
      identitiesOnly: false,
      agentSocket: '/run/agent',
      connectTimeout: 30,
      aliveInterval: 15,
      silenceLimit: 45,
      notes: [],
    });
  });

  it('takes what stands there for the host', async () => {
    const config = `
Host other
  Port 99
Host db
  HostName %h.example.org
  Port 2222
  User backup
  HostKeyAlias Cellar
  IdentityFile ~/keys/%r@%h
  IdentityFile "/with space/key"
  IdentitiesOnly yes
  IdentityAgent ~/agent.sock
  UserKnownHostsFile ~/known /two
  GlobalKnownHostsFile none
  ConnectTimeout 7
  ServerAliveInterval 20
  ServerAliveCountMax 5
  Ciphers aes256-ctr,aes256-gcm@openssh.com
  HostKeyAlgorithms ssh-ed25519
`;
    expect(await settings(config)).toMatchObject({
      label: 'backup@db:2222',
      address: 'db.example.org',
      port: 2222,
      user: 'backup',
      keyName: 'cellar',
      identityFiles: [`${home}/keys/backup@db.example.org`, '/with space/key'],
      identitiesOnly: true,
      agentSocket: `${home}/agent.sock`,
      knownHostsFiles: [`${home}/known`, '/two'],
      connectTimeout: 7,
      aliveInterval: 20,
      silenceLimit: 100,
      ciphers: ['aes256-gcm@openssh.com', 'aes256-ctr'],
      hostKeyAlgorithms: ['ssh-ed25519'],
    });
  });

  it('puts the location and the options before them', async () => {
    const config = 'Host *\n Port 2222\n User backup\n IdentityFile /own\n UserKnownHostsFile /known\n';
    const options: ReachOptions = {
      identityFiles: ['/given'],
      knownHostsFiles: ['/hosts'],
      ciphers: ['aes256-ctr', 'aes128-ctr'],
      passwordFile: '/password',
    };
    expect(await settings(config, { user: 'me', port: 2200 }, options)).toMatchObject({
      label: 'me@db:2200',
      keyName: '[db]:2200',
      identityFiles: ['/given', '/own'],
      knownHostsFiles: ['/hosts'],
      ciphers: ['aes256-ctr', 'aes128-ctr'],
      passwordFile: '/password',
    });
  });

  it('uses no agent where there is none', async () => {
    vi.stubEnv('SSH_AUTH_SOCK', '/run/agent');
    expect(await settings('IdentityAgent none')).not.toHaveProperty('agentSocket');
    vi.stubEnv('OWN_AGENT', '/run/own');
    expect((await settings('IdentityAgent $OWN_AGENT')).agentSocket).toBe('/run/own');
    vi.stubEnv('SSH_AUTH_SOCK', '');
    expect(await settings('')).not.toHaveProperty('agentSocket');
  });

  it.each(['ProxyJump bastion', 'ProxyCommand nc %h %p', 'RevokedHostKeys /etc/revoked'])(
    'says that %s needs an SSH command',
    async (line) => {
      await expect(settings(line)).rejects.toMatchObject({
        code: 'UNSUPPORTED',
        message: expect.stringMatching(new RegExp(`${line.split(' ')[0]}.*db.*-e ssh`)),
      });
      expect((await settings(line.replace(/ .*/, ' none'))).address).toBe('db');
    },
  );

  it('keeps for the error text what a login may do without', async () => {
    expect((await settings('CertificateFile ~/cert')).notes).toEqual([
      'CertificateFile works with -e ssh only',
    ]);
  });

  it('offers the fastest cipher first, and nothing it does not have', async () => {
    expect((await settings('')).ciphers[0]).toBe('aes128-gcm@openssh.com');
    await expect(settings('', {}, { ciphers: ['3des-cbc'] })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringMatching(/3des-cbc.*-e ssh/),
    });
  });
});

describe('~/.ssh/config without ssh', () => {
  it('is not there for everybody', async () => {
    expect(await readSshConfig('/nowhere/config', 'db')).toEqual(new Map());
  });

  it('refuses Include rather than overlooking it', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'cellarman-config-'));
    const file = join(directory, 'config');
    writeFileSync(file, 'Include conf.d/*\n');
    await expect(readSshConfig(file, 'db')).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    rmSync(directory, { recursive: true });
  });
});
