import type { ServerIdentity } from '../../postgres/server/identity.ts';
import type { Session } from '../../postgres/server/session.ts';
import { createRestorePoint, switchWal } from '../../postgres/server/wal-position.ts';
import type { ServerConfig } from '../config/configuration.ts';
import { openDatabase } from '../server/database.ts';

/**
 * Sees to it that the last segment of a backup goes to the archive, and that recovery can stop right behind the backup,
 * at a restore point. Of a standby only its primary can do that.
 */
export async function closeSegment(
  server: ServerConfig,
  { inRecovery }: ServerIdentity,
  session: Session,
  restorePoint: string,
  warn: (message: string) => void,
  signal: AbortSignal,
): Promise<void> {
  if (!inRecovery) {
    await createRestorePoint(session, restorePoint);
    await switchWal(session);
  } else if (server.options.primary_conninfo === null) {
    warn(
      `server '${server.name}' is a standby and has no primary_conninfo: the backup waits until the primary closes its WAL segment by itself`,
    );
  } else {
    await using primary = await openDatabase(server, 'primary_conninfo', signal);
    await switchWal(primary, { force: restorePoint });
  }
}
