import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfiguration } from '../../../src/manager/config/load.ts';
import { databaseHost } from '../../../src/manager/server/host.ts';
import { failure } from '../../../src/system/errors.ts';

function serverWith(sshCommand: string) {
  const directory = mkdtempSync(join(tmpdir(), 'cellarman-host-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'barman.conf');
  const text = `[barman]\nbarman_home = ${directory}\n[main]\nbackup_method = rsync\nssh_command = ${sshCommand}\n`;
  writeFileSync(file, text);
  const server = loadConfiguration({ explicit: file, env: {} }).servers.get('main');
  if (server === undefined) throw failure('INTERNAL', { detail: 'the server was not read' });
  return server;
}

test('an ssh_command that cannot be understood is told with its key and server', async () => {
  const opened = databaseHost(serverWith('ssh "postgres@db'), new AbortController().signal, () => {});
  await expect(opened).rejects.toMatchObject({
    code: 'CONFIG',
    message: "ssh_command of server 'main': a quote is not closed in the command ssh \"postgres@db",
  });
});
