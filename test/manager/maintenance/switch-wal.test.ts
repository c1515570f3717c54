import fs from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BarmanHome, barmanHome } from '../../support/barman-home.ts';
import { runInProcess } from '../../support/in-process.ts';
import { postgresAvailable, startPostgres, type TestPostgres } from '../../support/postgres.ts';

describe.skipIf(!postgresAvailable())('switch-wal', () => {
  let server: TestPostgres;
  let home: BarmanHome;
  beforeAll(async () => {
    server = await startPostgres({ major: 17, settings: { archive_mode: true, archive_command: '' } });
    home = barmanHome({ servers: { pg: '' } });
    fs.writeFileSync(
      home.config,
      fs.readFileSync(home.config, 'utf8').replace(/^conninfo.*$/m, `conninfo = ${server.conninfo}`),
    );
  });
  afterAll(async () => {
    home.dispose();
    await server.stop();
  });

  const run = (...args: readonly string[]) => runInProcess('-c', home.config, 'switch-wal', ...args);

  it('closes a segment that holds something, and only such a one', async () => {
    const first = await run('pg');
    expect(first).toMatchObject({ status: 0, stderr: '' });
    expect(first.stdout).toMatch(/^The WAL file 0{7}1[0-9A-F]{16} has been closed on server 'pg'\n$/);
    expect((await run('pg')).stdout).toBe("No switch required for server 'pg'\n");
    expect((await run('--force', 'pg')).stdout).toMatch(/has been closed/);
  });

  it('waits for what it closed, and says when it does not come', async () => {
    const late = await run('--force', '--archive', '--archive-timeout', '1', 'pg');
    expect(late.status).toBe(1);
    expect(late.stdout).toMatch(
      /Waiting for the WAL file 0{7}1[0-9A-F]{16} from server 'pg' \(max: 1 seconds\)\n$/,
    );
    expect(late.stderr).toMatch(
      /^ERROR: The WAL file 0{7}1[0-9A-F]{16} has not been received in 1 seconds\n$/,
    );

    const incoming = join(home.home, 'pg', 'incoming');
    fs.mkdirSync(incoming, { recursive: true });
    for (const path of [home.dir, home.home, join(home.home, 'pg')]) fs.chmodSync(path, 0o755);
    fs.chmodSync(incoming, 0o777);
    await server.query(
      `ALTER SYSTEM SET archive_command = 'cp %p ${incoming}/%f.tmp && mv ${incoming}/%f.tmp ${incoming}/%f'`,
    );
    await server.query('SELECT pg_reload_conf()');
    const { status, stdout } = await run('--force', '--archive', 'pg');
    expect(status).toBe(0);
    const closed = /The WAL file (\S+) has been closed/.exec(stdout)?.[1] ?? '';
    expect(fs.existsSync(join(home.home, 'pg', 'wals', closed.slice(0, 16), closed))).toBe(true);
  });

  it('says once what keeps a file out of the archive, however often it looks', async () => {
    fs.appendFileSync(home.config, '\ncompression = custom\ncustom_compression_filter = false\n');
    const { status, stderr } = await run('--force', '--archive', '--archive-timeout', '2', 'pg');
    expect(status).toBe(1);
    const lines = stderr.trimEnd().split('\n');
    expect(lines.at(-1)).toMatch(/has not been received in 2 seconds$/);
    expect(lines.filter((line) => line.includes('false failed on'))).not.toEqual([]);
    expect(new Set(lines).size).toBe(lines.length);
  });
});
