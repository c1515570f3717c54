import type { Session } from '../../postgres/server/session.ts';
import { isFailure } from '../../system/errors.ts';
import type { ScratchServer } from './scratch-server.ts';

/** Its functions are where its extension was made, or in a schema of ours if that is done now. */
const OUR_SCHEMA = 'cellarman_restore_test';

const INDEXES = `
  select c.oid::text as oid, c.oid::pg_catalog.regclass::text as name
  from pg_catalog.pg_class c
  join pg_catalog.pg_am a on a.oid = c.relam
  join pg_catalog.pg_index i on i.indexrelid = c.oid
  where a.amname = 'btree' and c.relkind = 'i' and c.relpersistence = 'p' and i.indisready and i.indisvalid
  order by c.oid`;

const TABLES = `
  select c.oid::text as oid, c.oid::pg_catalog.regclass::text as name
  from pg_catalog.pg_class c
  join pg_catalog.pg_am a on a.oid = c.relam
  where a.amname = 'heap' and c.relkind in ('r', 'm', 't') and c.relpersistence = 'p'
  order by c.oid`;

/**
 * Has amcheck look at every B-tree index, with all rows of its table, and from 14 on at every table, of every database.
 * Tells what is wrong; resolves to how many objects were looked at, undefined where the server has no amcheck.
 */
export async function runAmcheck(
  server: ScratchServer,
  tell: (detail: string) => void,
): Promise<number | undefined> {
  let looked: number | undefined;
  for (const database of await databases(server)) {
    await using session = await server.session(database);
    const schema = await amcheckSchema(session);
    if (schema === undefined) continue;
    const told = (name: string, detail: string): void => tell(`amcheck: ${database}: ${name}: ${detail}`);
    looked ??= 0;
    for (const row of await session.all(INDEXES)) {
      looked++;
      const check = `select ${schema}.bt_index_check($1::pg_catalog.oid::pg_catalog.regclass, true)`;
      await ask(session, check, row.text('oid'), (detail) => told(row.text('name'), detail));
    }
    if (session.version.major < 14) continue;
    for (const row of await session.all(TABLES)) {
      looked++;
      const check = `select msg from ${schema}.verify_heapam($1::pg_catalog.oid::pg_catalog.regclass) limit 10`;
      await ask(session, check, row.text('oid'), (detail) => told(row.text('name'), detail));
    }
  }
  return looked;
}

async function databases(server: ScratchServer): Promise<string[]> {
  await using session = await server.session('template1');
  const rows = await session.all('select datname from pg_catalog.pg_database where datallowconn order by 1');
  return rows.map((row) => row.text('datname'));
}

/** Undefined where the server's installation does not have it. */
async function amcheckSchema(session: Session): Promise<string | undefined> {
  const [available] = await session.all(
    "select 1 from pg_catalog.pg_available_extensions where name = 'amcheck'",
  );
  if (available === undefined) return undefined;
  const find = `select pg_catalog.quote_ident(n.nspname) as name
    from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace
    where e.extname = 'amcheck'`;
  const [made] = await session.all(find);
  if (made !== undefined) return made.text('name');
  await session.all(`create schema ${OUR_SCHEMA}`);
  await session.all(`create extension amcheck schema ${OUR_SCHEMA}`);
  return OUR_SCHEMA;
}

async function ask(
  session: Session,
  check: string,
  oid: string,
  tell: (detail: string) => void,
): Promise<void> {
  try {
    for (const row of await session.all(check, [oid])) {
      const message = check.includes('msg') ? row.maybe('msg', row.text) : undefined;
      if (message !== undefined) tell(message);
    }
  } catch (error) {
    if (!isFailure(error, 'POSTGRES_QUERY')) throw error;
    tell(error.message);
  }
}
