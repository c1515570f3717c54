import type { ConnectionTarget } from '../conninfo/resolve.ts';
import { connect } from './connect.ts';
import { queryFailure } from './failure.ts';

/**
 * Logs in for replication, and asks whose WAL there is: the system identifier, decimal digits. Same errors as
 * `openSession`; POSTGRES_LOGIN_REFUSED where pg_hba.conf or the role does not allow replication.
 */
export async function identifySystem(target: ConnectionTarget, signal?: AbortSignal): Promise<string> {
  const { client, server } = await connect(target, { replication: true, ...(signal ? { signal } : {}) });
  try {
    const { rows } = await client.query<{ readonly systemid: string }>('IDENTIFY_SYSTEM');
    return rows[0]?.systemid ?? '';
  } catch (error) {
    throw queryFailure(error, server, target.user);
  } finally {
    await client.end().catch(() => undefined);
  }
}
