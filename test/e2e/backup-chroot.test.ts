import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BackupSite, startBackupSite } from '../support/backup-site.ts';
import { postgresAvailable } from '../support/postgres.ts';
import { requireProgram } from '../support/programs.ts';
import { giveTo } from '../support/restored.ts';
import { bindDirectory, canMount, type Mounted } from '../support/scratch-disk.ts';
import { type Sshd, startSshd } from '../support/sshd.ts';

const canRun = postgresAvailable() && requireProgram('sshd') && canMount();

/** sshd asks of a root it shows that nobody but root can write to any directory above it, which /tmp does not fulfil. */
const ABOVE = '/run';

describe.skipIf(!canRun)('a host that shows only a part of itself, and gives nothing but reading', () => {
  let root: string;
  let sshd: Sshd;
  let site: BackupSite;
  const mounted: Mounted[] = [];

  beforeAll(async () => {
    root = mkdtempSync(join(ABOVE, 'cellarman-chroot-'));
    sshd = await startSshd({ config: ['ForceCommand internal-sftp -R', `ChrootDirectory ${root}`] });
    site = await startBackupSite({ major: 17, walSegmentSize: 1, sshd });
    const { postgres } = site;
    const location = join(postgres.directory, 'space');
    mkdirSync(location);
    giveTo(postgres, location);
    await postgres.query(`create tablespace space location '${location}'`);
    await postgres.query('create table there tablespace space as select n from generate_series(1, 1000) n');
    await postgres.query('checkpoint');
  });

  afterAll(async () => {
    await site?.stop();
    await sshd?.stop();
    for (const one of mounted) one.unmount();
    for (const path of readdirSync(root, { recursive: true, encoding: 'utf8' }).sort().reverse())
      rmdirSync(join(root, path));
    rmdirSync(root);
  });

  /** Shows the server's directory under a path of that host. */
  function show(path: string): void {
    mkdirSync(join(root, path), { recursive: true });
    mounted.push(bindDirectory(site.postgres.directory, join(root, path)));
  }

  async function succeeds(): Promise<void> {
    const checked = await site.run('check', 'pg');
    expect(checked.stdout).toContain('\tssh: OK (PostgreSQL server)\n');
    const { status, stderr } = await site.run('backup', 'pg');
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const id = readdirSync(join(site.root, 'base')).sort().at(-1) ?? '';
    const base = join(site.root, 'base', id);
    expect(readdirSync(join(base, 'data'))).toContain('postgresql.conf');
    const [oid = ''] = readdirSync(base).filter((name) => /^\d+$/.test(name));
    expect(readdirSync(join(base, oid))).toHaveLength(1);
    const info = readFileSync(join(site.root, 'meta', `${id}-backup.info`), 'utf8');
    expect(info).toContain(`pgdata=${site.postgres.dataDir}\n`);
    expect(info).toContain('status=DONE\n');
    expect((await site.run('verify-backup', 'pg', 'latest')).status).toBe(0);
  }

  it('under another path is backed up where sftp_root says by what, and without is refused with that remedy', async () => {
    const { directory } = site.postgres;
    show(basename(directory));
    const { status, stderr } = await site.run('backup', 'pg');
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /DETAILS: ssh: FAILED \(.* does not exist; .*ChrootDirectory.* sftp_root in cellarman\.d/,
    );
    const own = join(site.dir, 'cellarman.d');
    mkdirSync(own);
    writeFileSync(join(own, 'pg.conf'), `[pg]\nsftp_root = ${dirname(directory)}/\n`);
    await succeeds();
    writeFileSync(join(own, 'pg.conf'), '');
  });

  it('under its own path is backed up as it is', async () => {
    show(site.postgres.directory);
    await succeeds();
  });
});
