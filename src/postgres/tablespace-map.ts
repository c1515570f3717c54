import { type ByteString, byteString } from '../system/byte-string.ts';
import { failure } from '../system/errors.ts';

/** A tablespace outside the data directory. */
export interface TablespaceLink {
  readonly oid: number;
  readonly location: ByteString;
}

/**
 * `tablespace_map`: lines of an oid, a blank and a location, in which a backslash stands before each line feed,
 * carriage return and backslash. A server that finds it beside a backup label makes the links in `pg_tblspc` anew from
 * it (PostgreSQL `access/transam/xlogrecovery.c`, `read_tablespace_map`). TABLESPACE_MAP.
 */
export function parseTablespaceMap(content: ByteString): TablespaceLink[] {
  const links: TablespaceLink[] = [];
  for (const [line = ''] of content.matchAll(/(?:\\[\s\S]|[^\\\n])+/g)) {
    const [, oid, location] = /^([1-9]\d{0,9}) ([\s\S]+)$/.exec(line) ?? [];
    if (oid === undefined || location === undefined) {
      throw failure('TABLESPACE_MAP', { detail: `line ${links.length + 1} is not an oid and a location` });
    }
    links.push({ oid: Number(oid), location: byteString(location.replace(/\\([\s\S])/g, '$1')) });
  }
  return links;
}

export function formatTablespaceMap(links: readonly TablespaceLink[]): ByteString {
  return byteString(
    links.map(({ oid, location }) => `${oid} ${location.replace(/[\\\n\r]/g, '\\$&')}\n`).join(''),
  );
}
