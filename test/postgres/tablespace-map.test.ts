import { mkdirSync } from 'node:fs';
import { chown } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { formatTablespaceMap, parseTablespaceMap } from '../../src/postgres/tablespace-map.ts';
import { byteString, fromText, toText } from '../../src/system/byte-string.ts';
import { postgresAvailable, startPostgres } from '../support/postgres.ts';

test('locations keep every byte', () => {
  const links = [
    { oid: 16384, location: byteString('/srv/plain') },
    { oid: 16385, location: byteString('/srv/a b\\c\nd\re') },
    { oid: 16386, location: byteString('/srv/\xff\\\n') },
  ];
  expect(parseTablespaceMap(formatTablespaceMap(links))).toEqual(links);
  expect(parseTablespaceMap(byteString(''))).toEqual([]);
});

test.each(['16384\n', 'x /srv\n', '0 /srv\n', '16384 /a\n/b\n'])('%j is refused', (content) => {
  expect(() => parseTablespaceMap(byteString(content))).toThrow(
    expect.objectContaining({ code: 'TABLESPACE_MAP' }),
  );
});

describe.skipIf(!postgresAvailable())('PostgreSQL', () => {
  test('writes what is understood, and the same as we do', async () => {
    const server = await startPostgres({ major: 18, walSegmentSize: 1 });
    const session = new pg.Client({ host: server.host, port: server.port, user: 'postgres' });
    try {
      await session.connect();
      const locations = ['plain', 'back\\slash and blank'].map((name) => join(server.directory, name));
      for (const [index, location] of locations.entries()) {
        mkdirSync(location);
        await chown(location, server.uid, server.gid);
        await session.query(`create tablespace t${index} location ${session.escapeLiteral(location)}`);
      }
      await session.query("select pg_backup_start('x', true)");
      const { rows } = await session.query<{ spcmapfile: string }>('select * from pg_backup_stop(false)');
      const map = fromText(rows[0]?.spcmapfile ?? '');
      const links = parseTablespaceMap(map);
      expect(links.map(({ location }) => toText(location)).sort()).toEqual(locations.sort());
      expect(formatTablespaceMap(links)).toBe(map);
    } finally {
      await session.end();
      await server.stop();
    }
  });
});
