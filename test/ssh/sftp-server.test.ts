import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findProgram, requireProgram } from '../support/programs.ts';
import { type SftpServer, startSftpServer } from '../support/sftp-server.ts';

/** The server of our own tests and of the demonstration, as OpenSSH's client sees it. */
describe.skipIf(!requireProgram('sftp', 'ssh'))('the SFTP server in this process', () => {
  const content = Buffer.alloc(3_000_000, 'some bytes of a file ');
  let directory: string;
  let server: SftpServer;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'cellarman-root-'));
    writeFileSync(join(directory, 'file'), content);
    server = await startSftpServer({ root: directory });
  });
  beforeEach(() => {
    server.faults.refuseLogin = false;
    server.faults.refuseSftp = false;
  });
  afterAll(async () => {
    await server.stop();
    rmSync(directory, { recursive: true });
  });

  const sftp = async (...commands: string[]): Promise<{ status: unknown; output: string }> => {
    const { user, host, port, identityFile, knownHostsFile } = server;
    const options = ['-F', 'none', '-o', `UserKnownHostsFile=${knownHostsFile}`, '-i', identityFile];
    const child = spawn(
      findProgram('sftp') ?? '',
      [...options, '-P', `${port}`, '-b', '-', `${user}@${host}`],
      {
        stdio: 'pipe',
      },
    );
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
    child.stdin.end(`${commands.join('\n')}\n`);
    const [status] = await once(child, 'close');
    return { status, output };
  };
  const at = (name: string): string => join(directory, name);

  it('reads, writes, links, renames and removes', async () => {
    const { status, output } = await sftp(
      'pwd',
      `get /file ${at('got')}`,
      `put -p ${at('file')} a`,
      'rename a b',
      'ln b hard',
      'ln -s b soft',
      'mkdir dir',
      'chmod 750 dir',
      'ls -la',
      'rm b',
    );
    expect(output).toMatch(/working directory: \/\n/);
    expect(output).toMatch(/-rw-r--r-- 2 .* hard\n/);
    expect(status).toBe(0);
    expect(readFileSync(at('got')).equals(content)).toBe(true);
    expect(readFileSync(at('hard')).equals(content)).toBe(true);
    expect(Math.floor(statSync(at('hard')).mtimeMs / 1000)).toBe(
      Math.floor(statSync(at('file')).mtimeMs / 1000),
    );
    expect(readlinkSync(at('soft'))).toBe('b');
    expect(lstatSync(at('dir')).mode & 0o777).toBe(0o750);
    expect(() => lstatSync(at('b'))).toThrow(/ENOENT/);
  });

  it('answers with the codes of OpenSSH', async () => {
    expect((await sftp('get /nothing')).output).toMatch(/not found/);
    expect((await sftp('rmdir /file')).output).toMatch(/No such file/);
    expect((await sftp('mkdir /file')).output).toMatch(/Failure/);
  });

  it('cuts the connection where it is told to', async () => {
    server.faults.cutAfter = 1_000_000;
    expect((await sftp(`get /file ${at('cut')}`)).status).not.toBe(0);
    expect(server.faults.cutAfter).toBeUndefined();
    expect((await sftp(`get /file ${at('cut')}`)).status).toBe(0);
  });

  it('refuses SFTP and logins when told to', async () => {
    server.faults.refuseSftp = true;
    expect((await sftp('pwd')).output).toMatch(/subsystem request failed/);
    server.faults.refuseLogin = true;
    expect((await sftp('pwd')).output).toMatch(/Permission denied/);
  });
});
