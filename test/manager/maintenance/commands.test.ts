import fs from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { serverLockPath, takeLock } from '../../../src/manager/catalogue/locks.ts';
import { barman, isModernBarman, requireBarman } from '../../support/barman.ts';
import { type BarmanHome, barmanHome } from '../../support/barman-home.ts';
import { runInProcess } from '../../support/in-process.ts';
import { fillArchive, indexOf } from '../removal/archive-of.ts';

let home: BarmanHome;
let pg: string;
beforeEach(() => {
  home = barmanHome({ catalogues: { pg: 'barman-3.4/pg' } });
  pg = join(home.home, 'pg');
  fillArchive(pg);
});
afterEach(() => home.dispose());

const run = (...args: readonly string[]) => runInProcess('-c', home.config, ...args);
/** As the other program says it, its two streams apart. */
const said = ({ status, stdout, stderr }: { status: number | null; stdout: string; stderr: string }) => ({
  status,
  stdout,
  stderr,
});

describe('rebuild-xlogdb', () => {
  const put = (path: string, content: string | Uint8Array): void => {
    fs.mkdirSync(join(pg, 'wals', path, '..'), { recursive: true });
    fs.writeFileSync(join(pg, 'wals', path), content);
  };
  const disturb = (): void => {
    put('0000000200000000/000000020000000000000015', gzipSync('x'));
    put('00000002.history', '1\t0/15000000\tx\n');
    put('0000000200000000/000000020000000000000016.tmp', 'x');
    put('junk', 'x');
    fs.appendFileSync(join(pg, 'wals', 'xlog.db'), 'no line\n');
  };

  it('lists what is there, with what only the old index knew', async () => {
    disturb();
    put('0000000200000000/000000020000000000000017.partial', 'x');
    fs.appendFileSync(join(pg, 'wals', 'xlog.db'), '000000010000000000000015\t1\t1.0\tNone\tgpg\n');
    put('0000000200000000/000000020000000000000018', Buffer.from('8c0d04090302', 'hex'));
    const { stdout, status } = await run('rebuild-xlogdb', 'pg');
    expect([status, stdout]).toEqual([
      0,
      'Rebuilding xlogdb for server pg\nDone rebuilding xlogdb for server pg (history: 1, backup_labels: 8, wal_file: 16)\n',
    ]);
    const lines = indexOf(pg);
    expect(lines).toHaveLength(25);
    expect(lines.find((line) => line.startsWith('000000020000000000000018\t'))).toMatch(/\tNone\tgpg$/);
    expect(lines.find((line) => line.startsWith('000000010000000000000015\t'))).toMatch(/\tNone\tgpg$/);
    expect(fs.readFileSync(join(home.dir, 'log'), 'utf8')).toContain('/junk is no part of a WAL archive');
  });

  it.skipIf(!requireBarman() || isModernBarman())('writes what Barman writes', async () => {
    disturb();
    const theirs = barman(home.config, 'rebuild-xlogdb', 'pg');
    const expected = indexOf(pg);
    fs.writeFileSync(join(pg, 'wals', 'xlog.db'), '');
    expect(said(await run('rebuild-xlogdb', 'pg'))).toEqual(theirs);
    expect(indexOf(pg)).toEqual(expected);
    expect(barman(home.config, 'list-backups', 'pg').status).toBe(0);
  });
});

describe('check-wal-archive', () => {
  it.skipIf(!requireBarman()).each([[[]], [['--timeline', '1']], [['--timeline', '2']]])(
    'says what Barman says (%j)',
    async (args) => {
      for (const format of ['console', 'json']) {
        const words = ['-f', format, 'check-wal-archive', ...args, 'pg'];
        expect(said(await run(...words))).toEqual(barman(home.config, ...words));
      }
    },
  );

  it('passes an empty archive', async () => {
    fs.writeFileSync(join(pg, 'wals', 'xlog.db'), '');
    expect(await run('check-wal-archive', 'pg')).toMatchObject({
      status: 0,
      stdout: 'Server pg:\n - WAL archive check for server pg passed\n',
    });
    expect((await run('check-wal-archive', '--timeline', 'x', 'pg')).status).not.toBe(0);
  });
});

describe('other commands', () => {
  it('lock-directory-cleanup removes what nobody holds', async () => {
    const locks = { directory: home.home, server: 'pg' };
    fs.writeFileSync(serverLockPath(locks, 'backup'), '1\n');
    fs.writeFileSync(join(home.home, '.other-xlogdb.lock'), '');
    fs.writeFileSync(join(home.home, 'no.lock'), '');
    using _held = await takeLock(serverLockPath(locks, 'archive-wal'));
    expect(await run('lock-directory-cleanup')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(fs.readdirSync(home.home).filter((name) => name.endsWith('.lock'))).toEqual([
      '.pg-archive-wal.lock',
      'no.lock',
    ]);
  });

  it('receive-wal comes later, and says so', async () => {
    expect(await run('receive-wal', 'pg')).toEqual({
      status: 1,
      stdout: '',
      stderr:
        'ERROR: this version cannot do this: receive-wal, which comes with a later version (until then set archive_command)\n',
    });
  });

  it.each([
    ['sync-backup', 'pg', '20261122T164948'],
    ['sync-wals', 'pg'],
  ])('%s comes later, and says so', async (command, ...operands) => {
    expect(await run(command, ...operands)).toEqual({
      status: 1,
      stdout: '',
      stderr: `ERROR: this version cannot do this: ${command}, which comes with a later version (until then Barman does it, on the same catalogue)\n`,
    });
    expect((await run(command, 'nobody', ...operands.slice(1))).stderr).toBe(
      "ERROR: Unknown server 'nobody'\n",
    );
  });

  it('switch-wal of a server that is not there', async () => {
    const { status, stderr } = await run('switch-wal', 'pg');
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^ERROR: Unable to perform pg_switch_wal for server 'pg'\.\nDETAILS: cannot connect /,
    );
  });
});
