import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withArguments } from '../../src/ssh/ssh-arguments.ts';
import { resolveSshCommand } from '../../src/ssh/ssh-command.ts';
import { requireProgram } from '../support/programs.ts';

let dir: string;
let config: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'cellarman-ssh-'));
  config = join(dir, 'config');
  writeFileSync(config, 'Host db\n  HostName 192.0.2.7\nHost far\n  ProxyJump gate\n');
});

afterAll(() => rmSync(dir, { recursive: true }));

describe.skipIf(!requireProgram('ssh'))('an ssh command', () => {
  it('that is plain is run within this process, with what it says', async () => {
    const target = await resolveSshCommand(
      `ssh -q -F ${config} -p 2222 -o ConnectTimeout=7 -i ${config} postgres@db`,
      { knownHostsFiles: [config] },
    );
    expect(target).toMatchObject({
      transport: 'ssh2',
      settings: {
        address: '192.0.2.7',
        port: 2222,
        user: 'postgres',
        connectTimeout: 7,
        knownHostsFiles: [config],
      },
    });
    expect(target.transport === 'ssh2' && target.settings.identityFiles).toContain(config);
  });

  it('takes the user of -l, as ssh does', async () => {
    const target = await resolveSshCommand(`ssh -l barman postgres@192.0.2.1`);
    expect(target).toMatchObject({ transport: 'ssh2', settings: { user: 'barman' } });
  });

  it('that is more is run as it stands, and so is one whose host needs more', async () => {
    expect(await resolveSshCommand('sudo -u postgres ssh db')).toMatchObject({
      transport: 'command',
      command: { program: 'sudo', args: ['-u', 'postgres', 'ssh', 'db', '-s', 'sftp'] },
    });
    const jump = await resolveSshCommand(`ssh -F ${config} -J gate "db"`);
    expect(jump.transport === 'command' && jump.command.args.slice(0, 5)).toEqual([
      '-F',
      config,
      '-J',
      'gate',
      'db',
    ]);
    expect(await resolveSshCommand(`ssh -F ${config} far`)).toMatchObject({ transport: 'command' });
    await expect(resolveSshCommand(`ssh -F ${config} far`, { transport: 'ssh2' })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    });
    await expect(resolveSshCommand('sudo ssh db', { transport: 'ssh2' })).rejects.toMatchObject({
      code: 'USAGE',
    });
    expect(await resolveSshCommand('ssh db', { transport: 'command' })).toMatchObject({
      transport: 'command',
    });
  });
});

describe('options without the ssh program', () => {
  it('count before the file, the first of a kind before the next', () => {
    const file = new Map([
      ['port', ['22']],
      ['identityfile', ['~/.ssh/id']],
    ]);
    const all = withArguments(file, ['-p', '2222', '-o', 'Port=3333', '-i', 'key', '-o', 'User barman']);
    expect(all.get('port')).toEqual(['2222']);
    expect(all.get('user')).toEqual(['barman']);
    expect(all.get('identityfile')).toEqual(['~/.ssh/id', 'key']);
  });
});
