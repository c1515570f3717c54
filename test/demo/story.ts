import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Major, TestPostgres } from '../support/postgres.ts';
import { command, note, output, step } from './screen.ts';
import { openSite } from './site.ts';
import { openSession } from './sql.ts';
import type { Stage } from './stage.ts';

const ROLE = [
  'CREATE ROLE barman LOGIN',
  'GRANT EXECUTE ON FUNCTION pg_backup_start(text, boolean), pg_backup_stop(boolean) TO barman',
  'GRANT EXECUTE ON FUNCTION pg_switch_wal(), pg_create_restore_point(text) TO barman',
  'GRANT pg_read_all_settings, pg_read_all_stats, pg_checkpoint TO barman',
];
const SUM = 'SELECT count(*), sum(amount) AS total FROM orders';
const UTC = "to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || '+00'";

/** From an empty cluster to a table that was dropped and is back. Rejects where it is not; gives the restored server. */
export async function tellStory(stage: Stage, major: Major): Promise<TestPostgres> {
  const { directory, signal } = stage;
  const wait = (milliseconds: number): Promise<void> => sleep(milliseconds, undefined, { signal });
  const order = (from: number, to: number): string =>
    `INSERT INTO orders SELECT n, n % 100 FROM generate_series(${from}, ${to}) n`;

  step('A database host and a backup host');
  const { postgres, config, cellarman, startOn } = await openSite(stage, major);
  const main = openSession('main', postgres);
  for (const statement of ROLE) await main.run(statement);
  command(`cat ${config}`);
  output(readFileSync(config, 'utf8'));

  step('Check: all that is missing is the first WAL file');
  await cellarman(['check', 'main'], 1);
  await cellarman(['switch-wal', '--force', '--archive', 'main']);
  await cellarman(['check', '--nagios', 'main']);

  step('The first backup takes everything');
  await main.run('CREATE TABLE history AS SELECT n, md5(n::text) FROM generate_series(1, 400000) n');
  await main.run('CREATE TABLE orders (id int PRIMARY KEY, amount int, placed timestamptz DEFAULT now())');
  await main.run(order(1, 1000));
  await main.run('CHECKPOINT');
  note(
    '(a moment: files written within three seconds before a backup are copied again by the next, to be sure)',
  );
  await wait(3500);
  await cellarman(['backup', 'main', '--wait']);

  step('More orders, and the second backup: what has not changed is linked, not copied');
  await main.run(order(1001, 60_000));
  await cellarman(['backup', 'main', '--wait']);
  await cellarman(['list-backups', 'main']);
  await cellarman(['show-backup', 'main', 'latest']);

  step('Still more orders, and a mistake');
  await main.run(order(60_001, 70_000));
  const before = await main.run(SUM);
  await wait(2000);
  const target = String((await main.run(`SELECT ${UTC} AS now`))?.['now']);
  await main.run('DROP TABLE orders');
  await main.runRefused(SUM);

  step(`Restore to the second before it, ${target}`);
  const restored = join(directory, 'restored');
  const until = ['--target-time', target, '--target-action', 'promote'];
  await cellarman(['switch-wal', '--force', '--archive', 'main']);
  await cellarman(['restore', 'main', 'auto', restored, ...until]);

  step('Start what was restored');
  if (stage.lent) {
    const lend = ['-R', `${postgres.uid}:${postgres.gid}`, restored];
    command(`chown ${lend.join(' ')}`);
    execFileSync('chown', lend);
  }
  const server = await startOn(restored);
  command(`postgres -D ${restored} -p ${server.port} -k ${server.directory}`);
  await recovered(server, signal);
  output(server.log());

  step('The orders are back');
  const after = await openSession('restored', server).run(SUM);
  if (!isDeepStrictEqual(after, before)) throw new Error('this is not what was there before the mistake');
  note('That is what was there before the mistake.');
  return server;
}

/** It answers queries from the moment it is consistent, which is earlier than the end of recovery. */
async function recovered(server: TestPostgres, signal: AbortSignal): Promise<void> {
  for (;;) {
    const [row] = await server.query<{ busy: boolean }>('SELECT pg_is_in_recovery() AS busy');
    if (row?.busy === false) return;
    await sleep(50, undefined, { signal });
  }
}
