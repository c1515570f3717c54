import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type BackupSite, startBackupSite } from '../../support/backup-site.ts';
import { postgresAvailable } from '../../support/postgres.ts';
import { requireProgram } from '../../support/programs.ts';
import { requireSftpServer, sftpServer } from '../../support/sftp-server-process.ts';
import { type Sshd, startSshd } from '../../support/sshd.ts';

/** The `sync` that shells of the host find. */
const LOST = `case "$2" in */.) exit 1;; esac; echo "sync: error syncing '$2': Input/output error" >&2; exit 1`;

describe.skipIf(!postgresAvailable() || !requireProgram('sshd') || !requireSftpServer())(
  'What a restore writes to another host is on its disk',
  () => {
    let site: BackupSite;
    let withShell: Sshd;
    let withoutShell: Sshd;
    let id: string;
    let bin: string;
    let log: string;
    let to: string;
    let targets = 0;

    const stubSync = (script: string): void =>
      writeFileSync(join(bin, 'sync'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const over = ({ sshConfigFile }: Sshd): string[] => [
      '--remote-ssh-command',
      `ssh -F ${sshConfigFile} testhost`,
    ];
    const restore = (sshd: Sshd, ...args: string[]) =>
      site.run('restore', 'pg', 'latest', to, ...over(sshd), ...args);
    const fsyncs = (): number => readFileSync(join(bin, 'sftp.log'), 'utf8').match(/fsync "/g)?.length ?? 0;
    /** As it is while a restore goes on. */
    const markerOf = async (sshd: Sshd): Promise<Record<string, unknown>> => {
      const run = site.start('restore', 'pg', 'latest', to, ...over(sshd), '--bwlimit', '500');
      while (!existsSync(join(to, 'base'))) await sleep(10);
      run.child.kill('SIGKILL');
      await run.outcome;
      return JSON.parse(readFileSync(join(to, '.cellarman-restore'), 'utf8'));
    };

    beforeAll(async () => {
      bin = mkdtempSync(join(tmpdir(), 'cellarman-bin-'));
      chmodSync(bin, 0o755);
      log = join(bin, 'log');
      const sftp = join(bin, 'sftp');
      writeFileSync(sftp, `#!/bin/sh\nexec ${sftpServer} -e -l VERBOSE 2>>${bin}/sftp.log\n`, {
        mode: 0o755,
      });
      withShell = await startSshd({ config: [`SetEnv PATH=${bin}:/usr/bin:/bin`], sftp });
      withoutShell = await startSshd({ config: [`ForceCommand ${sftp}`], sftp });
      site = await startBackupSite({ major: 17, walSegmentSize: 1 });
      const outcome = await site.run('backup', 'pg', '--wait');
      expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
      [id = ''] = readdirSync(join(site.root, 'base'));
    });
    beforeEach(() => {
      writeFileSync(join(bin, 'sftp.log'), '');
      to = join(site.dir, `target ${targets++}`);
      stubSync(`printf '%s\\n' "$*" >>${log}; exec /usr/bin/sync "$@"`);
      rmSync(log, { force: true });
    });
    afterAll(async () => {
      await site?.stop();
      await withShell?.stop();
      await withoutShell?.stop();
      rmSync(bin, { recursive: true, force: true });
    });

    it('by one flush where the account has a shell', async () => {
      const { status, stderr } = await restore(withShell);
      expect(status, stderr).toBe(0);
      expect(readFileSync(log, 'utf8').trimEnd().split('\n').at(-1)).toBe(`-f ${to}`);
      // The marker, the configuration and what ends the restore.
      expect(fsyncs()).toBeLessThan(50);
    });

    it('file by file where it has none', async () => {
      const { status, stderr } = await restore(withoutShell);
      expect(status, stderr).toBe(0);
      expect(existsSync(log)).toBe(false);
      expect(fsyncs()).toBeGreaterThan(500);
    });

    it('and what was restored before a reboot counts only where it is', async () => {
      const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
      const flushed = await markerOf(withShell);
      expect(flushed).toMatchObject({ synced: false, boot });
      // As if the host had started again, and lost a file of which it has size and time.
      const part = join('base', '1', 'PG_VERSION');
      mkdirSync(join(to, 'base', '1'), { recursive: true });
      const { mtime } = statSync(join(site.root, 'base', id, 'data', part));
      writeFileSync(join(to, part), '\0\0\0');
      utimesSync(join(to, part), mtime, mtime);
      const marker = join(to, '.cellarman-restore');
      writeFileSync(marker, JSON.stringify({ ...flushed, boot: 'an earlier one' }));
      const again = await restore(withShell);
      expect(again.status, again.stderr).toBe(0);
      expect(readFileSync(join(to, part), 'latin1')).toBe('17\n');
      to = join(site.dir, `target ${targets++}`);
      expect(await markerOf(withoutShell)).toMatchObject({ synced: true, boot: null });
    });

    it('or the restore fails, and what it has made is not gone on with', async () => {
      const run = site.start('restore', 'pg', 'latest', to, ...over(withShell), '--bwlimit', '2000');
      while (!existsSync(join(to, 'base'))) await sleep(10);
      stubSync(LOST);
      const failed = await run.outcome;
      expect(failed).toMatchObject({ status: 1, stderr: expect.stringContaining('Input/output error') });
      expect(existsSync(join(to, 'global', 'pg_control'))).toBe(false);
      stubSync('exec /usr/bin/sync "$@"');
      const again = await restore(withShell, '--delta-restore');
      expect(again.status).toBe(1);
      expect(again.stderr).toContain('holds files that its disk did not take');
    });
  },
);
