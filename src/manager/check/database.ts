import { type ArchiverStatus, archiverStatus } from '../../postgres/server/archiver.ts';
import { identifyServer, isInRecovery, readSystemIdentifier } from '../../postgres/server/identity.ts';
import type { Session } from '../../postgres/server/session.ts';
import { readSettings, type Setting } from '../../postgres/server/settings.ts';
import type { ByteString } from '../../system/byte-string.ts';
import { type CellarmanError, failure, isFailure } from '../../system/errors.ts';
import type { ServerConfig } from '../config/configuration.ts';
import { openDatabase } from '../server/database.ts';

/** A server's PostgreSQL, as the checks look at it. */
export interface Database extends AsyncDisposable {
  readonly session: Session;
  readonly systemIdentifier: string;
  readonly inRecovery: boolean;
  readonly settings: ReadonlyMap<string, Setting>;
  readonly archiver: ArchiverStatus;
  /** Undefined where the user may not see it. */
  readonly dataDirectory: ByteString | undefined;
}

/** The database, or why there is none to look at. */
export async function lookAtDatabase(
  server: ServerConfig,
  signal: AbortSignal,
): Promise<Database | CellarmanError> {
  let session: Session | undefined;
  try {
    session = await openDatabase(server, 'conninfo', signal);
    if (session.pooled) {
      throw failure('POSTGRES_POOLER', {
        server: session.server,
        detail: `its session has another process than process ${session.backendPid} of the server`,
      });
    }
    return await look(session);
  } catch (error) {
    await session?.close();
    if (isFailure(error) && !isFailure(error, 'ABORTED')) return error;
    throw error;
  }
}

async function look(session: Session): Promise<Database> {
  return {
    session,
    systemIdentifier: await readSystemIdentifier(session),
    inRecovery: await isInRecovery(session),
    settings: await readSettings(session),
    archiver: await archiverStatus(session),
    dataDirectory: await dataDirectoryOf(session),
    [Symbol.asyncDispose]: () => session.close(),
  };
}

async function dataDirectoryOf(session: Session): Promise<ByteString | undefined> {
  try {
    return (await identifyServer(session)).dataDirectory;
  } catch (error) {
    if (isFailure(error, 'POSTGRES_PRIVILEGE')) return undefined;
    throw error;
  }
}
