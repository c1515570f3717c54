import { tablespaceDirectory } from '../../postgres/relation-path.ts';
import type { ServerIdentity } from '../../postgres/server/identity.ts';
import type { Endpoint } from '../../sync/endpoint.ts';
import { joinPath } from '../../sync/path.ts';
import { byteString } from '../../system/byte-string.ts';
import { failure } from '../../system/errors.ts';
import { treeOf } from './own-files.ts';
import type { Database } from './server-facts.ts';

/** Without these no server starts, or a database cannot be opened; relations may come and go, they do not. */
const OF_CLUSTER = ['PG_VERSION', 'global/pg_control', 'global/pg_filenode.map', 'pg_xact', 'pg_multixact'];
const OF_DATABASE = ['PG_VERSION', 'pg_filenode.map'];

/**
 * Whether a copy has what every cluster has. NOT_FOUND with the file that is missing.
 * @param databases that were there before the copy and still are
 * @param tablespaces the same, their oids: who may not see what is mounted at a location sees an empty directory
 */
export async function proveWhole(
  destination: Endpoint,
  id: string,
  { version, catalogVersion }: Pick<ServerIdentity, 'version' | 'catalogVersion'>,
  databases: readonly Database[],
  tablespaces: readonly number[],
): Promise<void> {
  const directory = tablespaceDirectory(version.major, catalogVersion);
  const wanted = [
    ...OF_CLUSTER.map((name) => `data/${name}`),
    ...tablespaces.map((oid) => `${oid}/${directory}`),
    ...databases.flatMap(({ oid, tablespace }) =>
      OF_DATABASE.map((name) =>
        tablespace === undefined ? `data/base/${oid}/${name}` : `${tablespace}/${directory}/${oid}/${name}`,
      ),
    ),
  ];
  for (const path of wanted) {
    const found = await destination.lookup(joinPath(treeOf(id), byteString(path)));
    if (found === undefined) throw failure('NOT_FOUND', { path });
  }
}
