import { resolveConninfo } from '../../postgres/conninfo/resolve.ts';
import { openSession, type Session } from '../../postgres/server/session.ts';
import { failure } from '../../system/errors.ts';
import type { ServerConfig } from '../config/configuration.ts';

/** Which of a server's connection strings: the one for WAL falls back on `conninfo`, the primary's has no substitute. */
export type Connection = 'conninfo' | 'wal_conninfo' | 'primary_conninfo';

const APPLICATION = 'cellarman';

/**
 * A session of a server's database, to be closed by the caller. CONFIG where there is no connection string, and what
 * `openSession` gives.
 */
export async function openDatabase(
  { name, options }: Pick<ServerConfig, 'name' | 'options'>,
  which: Connection = 'conninfo',
  signal?: AbortSignal,
): Promise<Session> {
  const fallback = which === 'wal_conninfo' ? options.conninfo : null;
  const conninfo = options[which] ?? fallback;
  if (conninfo === null) throw failure('CONFIG', { where: `server '${name}'`, detail: `it has no ${which}` });
  const target = resolveConninfo(conninfo);
  const named = target.parameters.has('application_name') ? {} : { applicationName: APPLICATION };
  return openSession(target, { ...named, ...(signal === undefined ? {} : { signal }) });
}
