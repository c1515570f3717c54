import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { TestPostgres } from './postgres.ts';

/** A row: what a session did, how much it comes to for the session, and when that was committed. */
export interface LedgerRow {
  readonly session: number;
  readonly n: number;
  readonly xid: string;
  /** Microseconds since the epoch. */
  readonly at: number;
}

/** Sessions that write rows all the time, each in a transaction of its own. Needs `track_commit_timestamp`. */
export interface Ledger {
  /** Nothing is under way until `resume`. */
  pause(): Promise<void>;
  resume(): void;
  stop(): Promise<void>;
  /** Of the server now, by the time of their commits. */
  rows(): Promise<LedgerRow[]>;
}

export async function openLedger(server: TestPostgres, sessions = 3): Promise<Ledger> {
  await server.query(`create table if not exists ledger
    (session int, n int, amount int, total bigint, at timestamptz default clock_timestamp(), filler text, primary key (session, n))`);
  let running = true;
  let gate: Promise<void> | undefined;
  let open = (): void => {};
  let busy = 0;
  const write = async (session: number): Promise<void> => {
    const client = new pg.Client({ host: server.host, port: server.port, user: 'postgres' });
    client.on('error', () => undefined);
    await client.connect();
    const last = await client.query<{ n: number; total: string }>(
      'select n, total from ledger where session = $1 order by n desc limit 1',
      [session],
    );
    let { n, total } = { n: last.rows[0]?.n ?? 0, total: Number(last.rows[0]?.total ?? 0) };
    while (running) {
      if (gate !== undefined) await gate;
      busy++;
      const amount = Math.floor(Math.random() * 100);
      total += amount;
      n++;
      await client.query("insert into ledger values ($1, $2, $3, $4, default, repeat('x', 400))", [
        session,
        n,
        amount,
        total,
      ]);
      busy--;
      await sleep(Math.random() * 12);
    }
    await client.end();
  };
  const done = Promise.all(Array.from({ length: sessions }, (_, session) => write(session)));
  // Who waits for the end is told; a server that is stopped before is another test's failure.
  done.catch(() => undefined);
  return {
    async pause() {
      gate = new Promise((resolve) => {
        open = resolve;
      });
      while (busy > 0) await sleep(2);
      await sleep(20);
    },
    resume() {
      gate = undefined;
      open();
    },
    async stop() {
      running = false;
      gate = undefined;
      open();
      await done;
    },
    rows: () => ledgerRows(server),
  };
}

export async function ledgerRows(server: TestPostgres): Promise<LedgerRow[]> {
  const rows = await server.query<{ session: number; n: number; xid: string; at: string }>(
    `select session, n, xmin::text as xid, (extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000000)::bigint::text as at
     from ledger order by 4, session, n`,
  );
  return rows.map((row) => ({ ...row, at: Number(row.at) }));
}

/** Every session's rows follow one another, and its totals agree; null where all is well. */
export async function ledgerFault(server: TestPostgres): Promise<string | null> {
  const [row] = await server.query<{ fault: string | null }>(`
    select string_agg(session || '/' || n, ', ') as fault from (
      select session, n, total, row_number() over w as should, sum(amount) over w as adds_up
      from ledger window w as (partition by session order by n)) checked
    where n <> should or total <> adds_up`);
  return row?.fault ?? null;
}

export const keysOf = (rows: readonly LedgerRow[]): string[] =>
  rows.map(({ session, n }) => `${session}/${n}`).sort();

/** A row behind which nothing was committed for some milliseconds, so that clocks and the WAL's order agree there. */
export function rowBeforeGap(rows: readonly LedgerRow[], from: number, to: number): number {
  let best = from;
  for (let i = from; i < Math.min(to, rows.length - 1); i++) {
    const gap = (j: number): number => (rows[j + 1]?.at ?? 0) - (rows[j]?.at ?? 0);
    if (gap(i) > gap(best)) best = i;
  }
  return best;
}
