import type { ByteString } from '../../system/byte-string.ts';
import type { Session } from './session.ts';

export interface Tablespace {
  readonly oid: number;
  readonly name: ByteString;
  /** Absolute path on the server, what the link in `pg_tblspc` leads to. */
  readonly location: ByteString;
}

/** The tablespaces outside the data directory; those that lie in `pg_tblspc` itself are part of it. */
export async function listTablespaces(session: Session): Promise<Tablespace[]> {
  const rows = await session.all(`
    SELECT oid, pg_catalog.textsend(spcname::text) AS name, pg_catalog.textsend(location) AS location
      FROM (SELECT oid, spcname, pg_catalog.pg_tablespace_location(oid) AS location
              FROM pg_catalog.pg_tablespace) t
     WHERE location LIKE '/%'
     ORDER BY oid`);
  return rows.map((row) => ({
    oid: row.integer('oid'),
    name: row.bytes('name'),
    location: row.bytes('location'),
  }));
}
